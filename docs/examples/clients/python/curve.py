import sys
import zmq, zmq.auth

endpoint, own_key, broker_pub = sys.argv[1:]
s = zmq.Context().socket(zmq.REQ)
s.rcvtimeo = 10_000
s.curve_publickey, s.curve_secretkey = zmq.auth.load_certificate(own_key)
s.curve_serverkey = open(broker_pub, "rb").read().strip()
s.connect(endpoint)
s.send(b"this here is history")
print(s.recv().decode())
