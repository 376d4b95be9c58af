"""A worker of the Python fleet: a REP that matches with pyahocorasick.

    worker.py ENDPOINT WORDS

Prints "ready" when the broker has accepted it.
"""
import json
import sys

import ahocorasick
import zmq
from zmq.utils.monitor import recv_monitor_message

automaton = ahocorasick.Automaton()
with open(sys.argv[2], encoding="latin-1") as words:  # a character per byte, so that places are bytes
    for word in words.read().splitlines():
        automaton.add_word(word, word)
automaton.make_automaton()

s = zmq.Context().socket(zmq.REP)
monitor = s.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED)
s.connect(sys.argv[1])
recv_monitor_message(monitor)
s.disable_monitor()
print("ready", flush=True)

find, dumps = automaton.iter, json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
while True:
    text = s.recv().decode("latin-1")
    matches = [{"rule": word, "start": last + 1 - len(word), "end": last + 1} for last, word in find(text)]
    s.send(dumps({"matches": matches}).encode())
