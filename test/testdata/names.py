"""A DEALER client that asks workers by their names.

    names.py ENDPOINT COUNT NAME...

Sends COUNT requests at once, each to one of the names at random, and checks that each is
answered once, by the worker that it names. Prints how many were answered.
"""
import json
import random
import sys

import zmq


def main(endpoint, count, names):
    s = zmq.Context().socket(zmq.DEALER)
    s.linger = 0
    s.rcvtimeo = 60_000
    s.connect(endpoint)
    waiting = {}
    for i in range(count):
        name = random.choice(names)
        waiting[str(i)] = name
        header = {"id": str(i), "worker": name, "deadline_ms": 60_000}
        s.send_multipart([json.dumps(header).encode(), b"this here is history"])
    while waiting:
        header, *results = s.recv_multipart()
        header = json.loads(header)
        assert "error" not in header and len(results) == 1, header
        assert header["worker"] == waiting.pop(header["id"]), header
        assert b'"rule":"his"' in results[0], results
    print("answered", count, flush=True)


main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
