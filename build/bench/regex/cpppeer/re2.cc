// RE2, in the two ways that it has for many rules.

#include "peer.h"

#include <hs/hs.h>
#include <re2/filtered_re2.h>
#include <re2/re2.h>
#include <re2/set.h>

namespace {

constexpr int min_atom_length = 4; // bytes; 3 to 5 are about as fast
constexpr int64_t set_memory = 1 << 30;

// Atoms finds the literals that FilteredRE2 asks for, which leaves it to the
// caller how: Hyperscan does it faster than anything else here.
class Atoms {
  public:
    void compile(const std::vector<std::string> &atoms) {
        if (atoms.empty())
            return;
        std::vector<const char *> expressions;
        std::vector<size_t> lengths;
        std::vector<unsigned> ids, flags(atoms.size(), HS_FLAG_CASELESS | HS_FLAG_SINGLEMATCH);
        for (size_t i = 0; i < atoms.size(); i++) {
            expressions.push_back(atoms[i].data());
            lengths.push_back(atoms[i].size());
            ids.push_back(i);
        }
        hs_compile_error_t *error;
        if (hs_compile_lit_multi(expressions.data(), flags.data(), ids.data(), lengths.data(), atoms.size(), HS_MODE_BLOCK,
                                 nullptr, &database, &error) != HS_SUCCESS)
            fail(std::string("atoms: ") + error->message);
        if (hs_alloc_scratch(database, &scratch) != HS_SUCCESS)
            fail("atoms: no memory for the scratch");
    }

    const std::vector<int> &find(const char *line, size_t size) {
        found.clear();
        if (database && hs_scan(database, line, size, 0, scratch, on_match, this) != HS_SUCCESS)
            fail("atoms: hs_scan");
        return found;
    }

  private:
    static int on_match(unsigned id, unsigned long long, unsigned long long, unsigned, void *context) {
        static_cast<Atoms *>(context)->found.push_back(id);
        return 0;
    }

    hs_database_t *database = nullptr;
    hs_scratch_t *scratch = nullptr;
    std::vector<int> found;
};

RE2::Options options() {
    RE2::Options o;
    o.set_log_errors(false);
    return o;
}

class Filtered : public Matcher {
  public:
    explicit Filtered(const std::vector<std::string> &rules) : filter(min_atom_length) {
        int id;
        for (const std::string &rule : rules)
            if (filter.Add(rule, options(), &id) != RE2::NoError)
                fail("RE2 does not take " + rule);
        std::vector<std::string> strings;
        filter.Compile(&strings);
        atoms.compile(strings);
    }

    std::string version() const override { return "RE2 " RE2_VERSION; }

    const std::vector<unsigned> &match(const char *line, size_t size) override {
        filter.AllMatches(re2::StringPiece(line, size), atoms.find(line, size), &matching);
        found.assign(matching.begin(), matching.end());
        return found;
    }

  private:
    re2::FilteredRE2 filter;
    Atoms atoms;
    std::vector<int> matching;
    std::vector<unsigned> found;
};

class Set : public Matcher {
  public:
    explicit Set(const std::vector<std::string> &rules) : set(with_memory(), RE2::UNANCHORED) {
        for (const std::string &rule : rules)
            if (set.Add(rule, nullptr) < 0)
                fail("RE2::Set does not take " + rule);
        if (!set.Compile())
            fail("RE2::Set does not compile");
    }

    std::string version() const override { return "RE2 " RE2_VERSION; }

    const std::vector<unsigned> &match(const char *line, size_t size) override {
        RE2::Set::ErrorInfo error;
        if (!set.Match(re2::StringPiece(line, size), &matching, &error))
            matching.clear();
        if (error.kind != RE2::Set::kNoError)
            fail("RE2::Set runs out of memory");
        found.assign(matching.begin(), matching.end());
        return found;
    }

  private:
    static RE2::Options with_memory() {
        RE2::Options o = options();
        o.set_max_mem(set_memory);
        return o;
    }

    RE2::Set set;
    std::vector<int> matching;
    std::vector<unsigned> found;
};

} // namespace

bool re2_takes(const std::string &rule) { return RE2(rule, options()).ok(); }

std::unique_ptr<Matcher> new_filtered(const std::vector<std::string> &rules) { return std::make_unique<Filtered>(rules); }

std::unique_ptr<Matcher> new_set(const std::vector<std::string> &rules) { return std::make_unique<Set>(rules); }
