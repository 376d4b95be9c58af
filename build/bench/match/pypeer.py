"""pyahocorasick as one of the matchers that are compared; see PROTOCOL.md.

    python3 pypeer.py WORDS
"""

import importlib.metadata
import json
import resource
import sys

import ahocorasick

PIECE = 256 << 10
MASK = (1 << 64) - 1


def cpu():
    u = resource.getrusage(resource.RUSAGE_SELF)
    return u.ru_utime + u.ru_stime


def say(**answer):
    print(json.dumps(answer), flush=True)


def read(path):
    """Debian's module is built for str: a byte is the character of that number."""
    with open(path, encoding="latin-1", newline="") as f:
        return f.read()


def pieces(text):
    return [text[i : i + PIECE] for i in range(0, len(text), PIECE)]


class Matcher:
    def __init__(self, words):
        self.lengths = [len(w) for w in words]
        self.automaton = ahocorasick.Automaton()
        for i, w in enumerate(words):
            self.automaton.add_word(w, i)
        self.automaton.make_automaton()

    def find(self, text):
        lengths = self.lengths
        return [(rule, last + 1 - lengths[rule], last + 1) for last, rule in self.automaton.iter(text)]

    def scan(self, text, seconds):
        begin, passes, matches = cpu(), 0, 0
        parts = pieces(text)
        while True:
            for part in parts:
                matches += len(self.find(part))
            passes += 1
            took = cpu() - begin
            if took >= seconds:
                return say(cpu_s=took / passes, matches=matches // passes)

    def check(self, text):
        total = matches = 0
        for i, part in enumerate(pieces(text)):
            found = self.find(part)
            matches += len(found)
            for rule, start, end in found:
                h = (rule + 1) * 0x9E3779B97F4A7C15 ^ (start + i * PIECE) * 0xC2B2AE3D27D4EB4F ^ (end + i * PIECE) * 0x165667B19E3779F9
                h &= MASK
                h ^= h >> 29
                h = h * 0xBF58476D1CE4E5B9 & MASK
                total += h ^ h >> 32
        say(matches=matches, sum="%016x" % (total & MASK))


def main():
    words = read(sys.argv[1]).split("\n")[:-1]
    begin = cpu()
    matcher = Matcher(words)
    build = cpu() - begin
    stats = matcher.automaton.get_stats()
    say(version="pyahocorasick " + importlib.metadata.version("pyahocorasick"), build_s=build, memory=stats["total_size"])
    texts = {}
    for line in sys.stdin:
        question, path, *rest = line.split()
        if path not in texts:
            texts[path] = read(path)
        if question == "scan":
            matcher.scan(texts[path], float(rest[0]))
        elif question == "check":
            matcher.check(texts[path])
        else:
            sys.exit("pypeer: unknown question " + question)


main()
