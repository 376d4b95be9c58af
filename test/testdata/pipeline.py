"""A DEALER client with many requests under way at once.

    pipeline.py ENDPOINT COUNT WINDOW TASK

Sends COUNT requests in full form, each with an id, WINDOW of them in flight.
Every id must come back once, with the result that TASK says: "history", the
places of he, she, his and hers; or "upper", the text in upper case. Prints
"half" after half of the answers, and at the end how many came.
"""
import json
import sys

import zmq

WORDS = ["he", "she", "his", "hers"]


def text_of(i):
    return "request %d: this here is history, and %s hers" % (i, "s" * (i % 50))


def history(text):
    found = [
        (start + len(word), start, word)
        for word in WORDS
        for start in range(len(text))
        if text.startswith(word, start)
    ]
    return {"matches": [{"rule": w, "start": s, "end": e} for e, s, w in sorted(found)]}


def check(task, i, result):
    text = text_of(i)
    if task == "upper":
        assert result == text.upper().encode(), (i, result)
    else:
        assert json.loads(result) == history(text), (i, result)


def main(endpoint, count, window, task):
    s = zmq.Context().socket(zmq.DEALER)
    s.linger = 0
    s.rcvtimeo = 60_000
    s.connect(endpoint)
    sent, waiting = 0, set()
    for answered in range(1, count + 1):
        while sent < count and len(waiting) < window:
            header = {"id": "id-%d" % sent, "deadline_ms": 60_000}
            s.send_multipart([json.dumps(header).encode(), text_of(sent).encode()])
            waiting.add(header["id"])
            sent += 1
        header, *results = s.recv_multipart()
        header = json.loads(header)
        assert "error" not in header and len(results) == 1, header
        assert header["worker"], header
        waiting.remove(header["id"])  # a KeyError: answered twice, or never asked
        check(task, int(header["id"][3:]), results[0])
        if answered == count // 2:
            print("half", flush=True)
    assert not waiting, waiting
    s.rcvtimeo = 200
    try:
        raise AssertionError(("one answer too many", s.recv_multipart()))
    except zmq.Again:
        print("answered %d" % count, flush=True)


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
