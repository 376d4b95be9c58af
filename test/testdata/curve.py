"""Peers of libzmq with CURVE keys that trawl keygen made.

    curve.py ask    ENDPOINT KEYFILE SERVERKEY   a REQ and a DEALER ask, the answers are printed
    curve.py refuse ENDPOINT KEYFILE SERVERKEY   a REQ asks and must get no answer within a second
    curve.py work   ENDPOINT KEYFILE SERVERKEY   a REP answers with the text in upper case
"""
import sys

import zmq
from zmq.auth import load_certificate

mode, endpoint, key_file, server_key = sys.argv[1:]
context = zmq.Context()


def connect(kind):
    s = context.socket(kind)
    s.linger = 0
    s.curve_publickey, s.curve_secretkey = load_certificate(key_file)
    s.curve_serverkey = server_key.encode()
    s.connect(endpoint)
    return s


if mode == "work":
    s = connect(zmq.REP)
    while True:
        s.send(s.recv().upper())

req = connect(zmq.REQ)
req.rcvtimeo = 1000 if mode == "refuse" else 20000
req.send(b"this here is history")
if mode == "refuse":
    try:
        print("answered", req.recv())
    except zmq.Again:
        print("no answer")
    sys.exit()
print(req.recv().decode())
dealer = connect(zmq.DEALER)
dealer.rcvtimeo = 20000
for i in range(100):
    dealer.send_multipart([b'{"id":"%d","want":"count"}' % i, b"he " * 10000])
answers = {}
for i in range(100):
    header, result = dealer.recv_multipart()
    answers[header.split(b'"')[3]] = result
print(len(answers), *set(answers.values()))
