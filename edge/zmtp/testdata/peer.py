#!/usr/bin/env python3
"""A libzmq peer for interop_test.go.

    peer.py req    ENDPOINT COUNT   COUNT requests, one after the other; prints each answer's length
    peer.py dealer ENDPOINT COUNT   COUNT requests with an envelope, all in flight; checks each answer
    peer.py rep    ENDPOINT         answers for ever with the text in upper case
    peer.py router ENDPOINT         binds and answers for ever; prints the bound endpoint
    peer.py push   ENDPOINT COUNT   COUNT messages
    peer.py pull   ENDPOINT COUNT   prints the total length of COUNT messages
    peer.py ping   ENDPOINT COUNT   as req, with heartbeats and silence in between

Request number i has a body of size(i) bytes.
"""
import sys
import time

import zmq


def size(i):
    return [0, 1, 255, 256, 5000, 100_000][i % 6]


def main(kind, endpoint, count=0):
    types = {"req": zmq.REQ, "dealer": zmq.DEALER, "rep": zmq.REP, "router": zmq.ROUTER,
             "push": zmq.PUSH, "pull": zmq.PULL, "ping": zmq.REQ}
    s = zmq.Context().socket(types[kind])
    s.rcvtimeo = s.sndtimeo = 20_000
    s.linger = 20_000
    if kind in ("rep", "router"):
        s.rcvtimeo = -1
    if kind == "ping":
        s.heartbeat_ivl, s.heartbeat_timeout = 50, 500
    if kind == "router":
        s.bind(endpoint)
        print(s.last_endpoint.decode().rstrip("\0"), flush=True)
    else:
        s.connect(endpoint)

    if kind in ("req", "ping"):
        for i in range(count):
            if kind == "ping":
                time.sleep(0.8)
            s.send(b"x" * size(i))
            answer = s.recv()
            assert answer == b"X" * size(i), (i, len(answer))
            print(len(answer))
    elif kind == "dealer":
        for i in range(count):
            s.send_multipart([b"%d" % i, b"", b"x" * size(i), b""])
        seen = set()
        for _ in range(count):
            number, empty, body, last = s.recv_multipart()
            i = int(number)
            assert empty == last == b"" and body == b"X" * size(i) and i not in seen, i
            seen.add(i)
        print(len(seen))
    elif kind == "rep":
        while True:
            s.send_multipart([f.upper() for f in s.recv_multipart()])
    elif kind == "router":
        while True:
            identity, *frames = s.recv_multipart()
            s.send_multipart([identity] + [f.upper() for f in frames])
    elif kind == "push":
        for i in range(count):
            s.send(b"x" * size(i))
    elif kind == "pull":
        print(sum(len(s.recv()) for _ in range(count)))


main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:]))
