// RE2 and Hyperscan as matchers that are compared; see PROTOCOL.md.
//
//   g++ -std=c++17 -O2 -o cpppeer *.cc -lre2 -lhs
//   cpppeer check|filtered|set|hyperscan|hyperscan-som RULES

#include "peer.h"

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <sstream>
#include <sys/resource.h>

void fail(const std::string &what) {
    std::cerr << "cpppeer: " << what << "\n";
    std::exit(1);
}

namespace {

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

std::vector<std::string> read_lines(const std::string &path) {
    std::vector<std::string> lines;
    std::istringstream in(read_file(path));
    for (std::string line; std::getline(in, line);)
        lines.push_back(line);
    return lines;
}

// each_line gives the lines of a text one by one.
template <class F> size_t each_line(const std::string &text, F f) {
    size_t n = 0;
    for (size_t at = 0; at < text.size(); n++) {
        size_t end = text.find('\n', at);
        if (end == std::string::npos)
            end = text.size();
        f(n, text.data() + at, end - at);
        at = end + 1;
    }
    return n;
}

void scan(Matcher &m, const std::string &text, double seconds) {
    double begin = cpu(), took;
    size_t passes = 0, hits = 0;
    do {
        each_line(text, [&](size_t, const char *line, size_t size) { hits += m.match(line, size).size(); });
        passes++;
        took = cpu() - begin;
    } while (took < seconds);
    std::printf("{\"cpu_s\":%.9f,\"hits\":%zu}\n", took / passes, hits / passes);
}

void hits(Matcher &m, const std::string &text, const std::string &path) {
    std::vector<uint32_t> pairs;
    each_line(text, [&](size_t n, const char *line, size_t size) {
        for (unsigned rule : m.match(line, size)) {
            pairs.push_back(n);
            pairs.push_back(rule);
        }
    });
    std::ofstream out(path, std::ios::binary);
    out.write(reinterpret_cast<const char *>(pairs.data()), pairs.size() * sizeof pairs[0]);
    if (!out.flush())
        fail("cannot write " + path);
    std::printf("{\"hits\":%zu}\n", pairs.size() / 2);
}

std::unique_ptr<Matcher> new_matcher(const std::string &kind, const std::vector<std::string> &rules) {
    if (kind == "filtered")
        return new_filtered(rules);
    if (kind == "set")
        return new_set(rules);
    if (kind == "hyperscan")
        return new_hyperscan(rules, false);
    if (kind == "hyperscan-som")
        return new_hyperscan(rules, true);
    fail("unknown matcher " + kind);
}

// check prints which rules each library does not take.
void check(const std::vector<std::string> &rules) {
    auto print = [&](const char *name, bool (*takes)(const std::string &)) {
        std::printf("\"%s\":[", name);
        const char *comma = "";
        for (size_t i = 0; i < rules.size(); i++)
            if (!takes(rules[i])) {
                std::printf("%s%zu", comma, i);
                comma = ",";
            }
        std::printf("]");
    };
    std::printf("{");
    print("RE2", re2_takes);
    std::printf(",");
    print("Hyperscan", hyperscan_takes);
    std::printf("}\n");
}

} // namespace

int main(int argc, char **argv) {
    if (argc != 3)
        fail("usage: cpppeer check|filtered|set|hyperscan|hyperscan-som RULES");
    std::vector<std::string> rules = read_lines(argv[2]);
    if (std::string(argv[1]) == "check") {
        check(rules);
        return 0;
    }
    double begin = cpu();
    std::unique_ptr<Matcher> m = new_matcher(argv[1], rules);
    std::printf("{\"version\":\"%s\",\"build_s\":%.6f}\n", m->version().c_str(), cpu() - begin);
    std::fflush(stdout);
    std::map<std::string, std::string> texts;
    for (std::string line; std::getline(std::cin, line);) {
        std::istringstream in(line);
        std::string question, path, argument;
        in >> question >> path >> argument;
        if (!texts.count(path))
            texts[path] = read_file(path);
        if (question == "scan")
            scan(*m, texts[path], std::stod(argument));
        else if (question == "hits")
            hits(*m, texts[path], argument);
        else
            fail("unknown question " + question);
        std::fflush(stdout);
    }
}
