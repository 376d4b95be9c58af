// What the matchers in C++ have in common.

#ifndef PEER_H
#define PEER_H

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

// Matcher says which rules match a line.
class Matcher {
  public:
    virtual ~Matcher() = default;
    virtual std::string version() const = 0;
    // The result holds until the next call.
    virtual const std::vector<unsigned> &match(const char *line, size_t size) = 0;
};

std::unique_ptr<Matcher> new_filtered(const std::vector<std::string> &rules);
std::unique_ptr<Matcher> new_set(const std::vector<std::string> &rules);
// With positions, matches are what it reports: each end, with its leftmost start.
std::unique_ptr<Matcher> new_hyperscan(const std::vector<std::string> &rules, bool positions);

bool re2_takes(const std::string &rule);
bool hyperscan_takes(const std::string &rule);

[[noreturn]] void fail(const std::string &what);

#endif
