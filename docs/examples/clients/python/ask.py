import sys
import zmq

s = zmq.Context().socket(zmq.REQ)
s.connect(sys.argv[1])
s.send(b"this here is history")
print(s.recv().decode())
