"""A plain worker: a REP that answers with the text in upper case.

    upper.py ENDPOINT
"""
import sys

import zmq

s = zmq.Context().socket(zmq.REP)
s.connect(sys.argv[1])
while True:
    s.send(s.recv().upper())
