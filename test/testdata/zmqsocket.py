"""A socket of libzmq that another program drives.

    zmqsocket.py KIND ENDPOINT

Connects. Sends each line of standard input, and prints each message that
arrives as a line: a JSON list of frames in base64. Ends with its input.
"""
import base64
import json
import os
import sys

import zmq


def main(kind, endpoint):
    s = zmq.Context().socket(getattr(zmq, kind))
    s.linger = 0
    s.reconnect_ivl = 20
    s.connect(endpoint)
    poller = zmq.Poller()
    poller.register(s, zmq.POLLIN)
    poller.register(0, zmq.POLLIN)
    rest = b""
    while True:
        ready = dict(poller.poll())
        if s in ready:
            frames = s.recv_multipart()
            print(json.dumps([base64.b64encode(f).decode() for f in frames]), flush=True)
        if 0 in ready:
            more = os.read(0, 1 << 20)
            if not more:
                return
            *lines, rest = (rest + more).split(b"\n")
            for line in lines:
                s.send_multipart([base64.b64decode(f) for f in json.loads(line)])


main(*sys.argv[1:])
