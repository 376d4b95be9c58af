import sys
import zmq

s = zmq.Context().socket(zmq.REQ)
s.rcvtimeo = 10_000  # milliseconds: recv raises zmq.Again then
s.req_relaxed = 1    # so that send may follow a recv that failed
s.req_correlate = 1  # so that a late answer is not taken for the next one
s.connect(sys.argv[1])
while True:
    s.send(b"this here is history")
    try:
        print(s.recv().decode())
        break
    except zmq.Again:
        print("no answer in 10 s; asking again", file=sys.stderr)
