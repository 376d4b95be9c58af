"""A plain worker that matches with pyahocorasick and answers in JSON.

    ahocorasick_worker.py ENDPOINT WORD...
"""
import json
import sys

import ahocorasick
import zmq

automaton = ahocorasick.Automaton()
for word in sys.argv[2:]:
    automaton.add_word(word, word)
automaton.make_automaton()

s = zmq.Context().socket(zmq.REP)
s.connect(sys.argv[1])
while True:
    text = s.recv().decode("latin-1")  # a character per byte, so that places are bytes
    matches = [
        {"rule": word, "start": last + 1 - len(word), "end": last + 1}
        for last, word in automaton.iter(text)
    ]
    s.send(json.dumps({"matches": matches}, separators=(",", ":")).encode())
