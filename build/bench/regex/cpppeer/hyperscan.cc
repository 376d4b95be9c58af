// Hyperscan: all rules in one database, a line is a scan.

#include "peer.h"

#include <hs/hs.h>

namespace {

hs_database_t *compile(const std::vector<std::string> &rules, const std::vector<unsigned> &flags) {
    std::vector<const char *> expressions;
    std::vector<unsigned> ids;
    for (size_t i = 0; i < rules.size(); i++) {
        expressions.push_back(rules[i].c_str());
        ids.push_back(i);
    }
    hs_database_t *database;
    hs_compile_error_t *error;
    if (hs_compile_multi(expressions.data(), flags.data(), ids.data(), rules.size(), HS_MODE_BLOCK, nullptr, &database,
                         &error) != HS_SUCCESS)
        fail(std::string("Hyperscan: ") + error->message);
    return database;
}

bool takes(const std::string &rule, unsigned flags) {
    hs_database_t *database;
    hs_compile_error_t *error;
    if (hs_compile(rule.c_str(), flags, HS_MODE_BLOCK, nullptr, &database, &error) != HS_SUCCESS) {
        hs_free_compile_error(error);
        return false;
    }
    hs_free_database(database);
    return true;
}

class Hyperscan : public Matcher {
  public:
    Hyperscan(const std::vector<std::string> &rules, const std::vector<unsigned> &flags, bool positions)
        : database(compile(rules, flags)), positions(positions) {
        if (hs_alloc_scratch(database, &scratch) != HS_SUCCESS)
            fail("Hyperscan: no memory for the scratch");
    }

    std::string version() const override {
        std::string v = hs_version();
        return "Hyperscan " + v.substr(0, v.find(' '));
    }

    const std::vector<unsigned> &match(const char *line, size_t size) override {
        found.clear();
        places.clear();
        if (hs_scan(database, line, size, 0, scratch, on_match, this) != HS_SUCCESS)
            fail("hs_scan");
        return found;
    }

  private:
    struct Place {
        unsigned long long start, end;
    };

    static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned, void *context) {
        auto *h = static_cast<Hyperscan *>(context);
        h->found.push_back(id);
        if (h->positions)
            h->places.push_back({from, to});
        return 0;
    }

    hs_database_t *database;
    hs_scratch_t *scratch = nullptr;
    bool positions;
    std::vector<unsigned> found;
    std::vector<Place> places;
};

} // namespace

bool hyperscan_takes(const std::string &rule) { return takes(rule, HS_FLAG_SINGLEMATCH); }

std::unique_ptr<Matcher> new_hyperscan(const std::vector<std::string> &rules, bool positions) {
    std::vector<unsigned> flags;
    for (const std::string &rule : rules)
        if (!positions)
            flags.push_back(HS_FLAG_SINGLEMATCH); // each rule once
        else
            flags.push_back(takes(rule, HS_FLAG_SOM_LEFTMOST) ? HS_FLAG_SOM_LEFTMOST : 0);
    return std::make_unique<Hyperscan>(rules, flags, positions);
}
