// Hyperscan as one of the matchers that are compared; see PROTOCOL.md.
//
//   g++ -O2 -o hspeer main.cc -lhs
//   hspeer WORDS

#include <hs/hs.h>

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <vector>

namespace {

constexpr size_t piece_size = 256 << 10;

struct Match {
    uint64_t start, end;
    unsigned rule;
};

struct Matcher {
    std::vector<std::string> words;
    hs_database_t *database = nullptr;
    hs_scratch_t *scratch = nullptr;
    std::vector<Match> matches; // of the last scan
};

[[noreturn]] void fail(const std::string &what) {
    std::cerr << "hspeer: " << what << "\n";
    std::exit(1);
}

double cpu() {
    rusage u;
    getrusage(RUSAGE_SELF, &u);
    return u.ru_utime.tv_sec + u.ru_stime.tv_sec + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

std::string read_file(const std::string &path) {
    std::ifstream in(path, std::ios::binary);
    if (!in)
        fail("cannot read " + path);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::string> read_words(const std::string &path) {
    std::vector<std::string> words;
    std::istringstream in(read_file(path));
    for (std::string line; std::getline(in, line);)
        words.push_back(line);
    return words;
}

void compile(Matcher &m) {
    std::vector<const char *> expressions;
    std::vector<size_t> lengths;
    std::vector<unsigned> ids, flags(m.words.size(), 0);
    for (size_t i = 0; i < m.words.size(); i++) {
        expressions.push_back(m.words[i].data());
        lengths.push_back(m.words[i].size());
        ids.push_back(i);
    }
    hs_compile_error_t *error;
    if (hs_compile_lit_multi(expressions.data(), flags.data(), ids.data(), lengths.data(), m.words.size(), HS_MODE_BLOCK,
                             nullptr, &m.database, &error) != HS_SUCCESS)
        fail(error->message);
    if (hs_alloc_scratch(m.database, &m.scratch) != HS_SUCCESS)
        fail("no memory for the scratch");
}

// on_match gets no start (that would make Hyperscan slower): a literal's
// follows from its length.
int on_match(unsigned id, unsigned long long, unsigned long long to, unsigned, void *context) {
    auto *m = static_cast<Matcher *>(context);
    m->matches.push_back({to - m->words[id].size(), to, id});
    return 0;
}

void scan_piece(Matcher &m, const char *text, size_t size) {
    m.matches.clear();
    if (hs_scan(m.database, text, size, 0, m.scratch, on_match, &m) != HS_SUCCESS)
        fail("hs_scan");
}

void scan(Matcher &m, const std::string &text, double seconds) {
    double begin = cpu(), took;
    size_t passes = 0, matches = 0;
    do {
        for (size_t at = 0; at < text.size(); at += piece_size) {
            scan_piece(m, text.data() + at, std::min(piece_size, text.size() - at));
            matches += m.matches.size();
        }
        passes++;
        took = cpu() - begin;
    } while (took < seconds);
    std::printf("{\"cpu_s\":%.9f,\"matches\":%zu}\n", took / passes, matches / passes);
}

uint64_t hash(const Match &m, uint64_t offset) {
    uint64_t h = (m.rule + uint64_t(1)) * 0x9E3779B97F4A7C15 ^ (m.start + offset) * 0xC2B2AE3D27D4EB4F ^
                 (m.end + offset) * 0x165667B19E3779F9;
    h ^= h >> 29;
    h *= 0xBF58476D1CE4E5B9;
    return h ^ h >> 32;
}

void check(Matcher &m, const std::string &text) {
    uint64_t sum = 0;
    size_t matches = 0;
    for (size_t at = 0; at < text.size(); at += piece_size) {
        scan_piece(m, text.data() + at, std::min(piece_size, text.size() - at));
        matches += m.matches.size();
        for (const Match &found : m.matches)
            sum += hash(found, at);
    }
    std::printf("{\"matches\":%zu,\"sum\":\"%016" PRIx64 "\"}\n", matches, sum);
}

void ready(const Matcher &m, double build) {
    size_t database, scratch;
    hs_database_size(m.database, &database);
    hs_scratch_size(m.scratch, &scratch);
    std::string version = hs_version();
    std::printf("{\"version\":\"Hyperscan %s\",\"build_s\":%.6f,\"memory\":%zu}\n",
                version.substr(0, version.find(' ')).c_str(), build, database + scratch);
    std::fflush(stdout);
}

} // namespace

int main(int argc, char **argv) {
    if (argc != 2)
        fail("usage: hspeer WORDS");
    Matcher m;
    m.words = read_words(argv[1]);
    double begin = cpu();
    compile(m);
    ready(m, cpu() - begin);
    std::map<std::string, std::string> texts;
    for (std::string line; std::getline(std::cin, line);) {
        std::istringstream in(line);
        std::string question, path;
        double seconds = 0;
        in >> question >> path >> seconds;
        if (!texts.count(path))
            texts[path] = read_file(path);
        if (question == "scan")
            scan(m, texts[path], seconds);
        else if (question == "check")
            check(m, texts[path]);
        else
            fail("unknown question " + question);
        std::fflush(stdout);
    }
}
