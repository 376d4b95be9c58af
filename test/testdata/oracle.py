"""What pyahocorasick finds: the output that `trawl scan --json` must have.

    oracle.py WORDS COUNTS LIST

WORDS has a literal per line; LIST has a file per line: its path, a tab, its
name in the output. Prints a JSON object per match, in the order of LIST, lines,
and then of end and start, and writes to COUNTS what `trawl scan -c` prints.
"""
import json
import sys

import ahocorasick


def automaton(path):
    a = ahocorasick.Automaton()
    with open(path, "rb") as f:
        for word in f.read().split(b"\n"):
            if word:
                quoted = json.dumps(word.decode("utf-8"), ensure_ascii=False)
                a.add_word(word.decode("latin-1"), (len(word), quoted))
    a.make_automaton()
    return a


def scan(a, path, name, out):
    """Writes the matches in one file and returns how many lines matched."""
    with open(path, "rb") as f:
        data = f.read().decode("latin-1")  # a character per byte, so that places are bytes
    quoted = json.dumps(name, ensure_ascii=False)
    offset = matching = 0
    for number, line in enumerate(data.split("\n"), 1):
        found = sorted((last + 1, last + 1 - size, word) for last, (size, word) in a.iter(line))
        for end, start, word in found:
            out.write(
                '{"file":%s,"line":%d,"column":%d,"offset":%d,"rule":%s,"start":%d,"end":%d,"text":%s}\n'
                % (quoted, number, start + 1, offset + start, word, start, end, word)
            )
        matching += bool(found)
        offset += len(line) + 1
    return matching


def main(words, counts, files):
    a = automaton(words)
    out = open(1, "w", encoding="utf-8", newline="\n")
    with open(files, encoding="utf-8") as listed, open(counts, "w", encoding="utf-8") as c, out:
        for line in listed:
            path, name = line.rstrip("\n").split("\t")
            c.write("%s:%d\n" % (name, scan(a, path, name, out)))


main(*sys.argv[1:])
