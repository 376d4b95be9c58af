#!/usr/bin/env python3
"""A libzmq peer for interop_test.go.

    peer.py req    ENDPOINT COUNT   COUNT requests, one after the other; prints each answer's length
    peer.py dealer ENDPOINT COUNT   COUNT requests with an envelope, all in flight; checks each answer
    peer.py rep    ENDPOINT         answers for ever with the text in upper case
    peer.py router ENDPOINT         as rep, for peers of any type
    peer.py push   ENDPOINT COUNT   COUNT messages
    peer.py pull   ENDPOINT COUNT   prints the total length of COUNT messages
    peer.py ping   ENDPOINT COUNT   as req, with heartbeats and silence in between; a
                                    fourth argument is their time to live in ms

ROUTER, and who gets an ENDPOINT that ends in *, binds it and prints what came of it.
Request number i has a body of size(i) bytes.

From the environment: CURVE_SECRET is the socket's own secret key; it is a client of
CURVE_SERVER, a public key, or else a server. PLAIN_USER, as name:password, is whom a client
presents, PLAIN_ALLOWED whom a server admits. Keys are in Z85.
"""
import os
import sys
import time

import zmq


def size(i):
    return [0, 1, 255, 256, 5000, 100_000][i % 6]


def secure(s, environment):
    """Sets the options of security. What it returns must be kept."""
    secret, server = environment.get("CURVE_SECRET"), environment.get("CURVE_SERVER")
    if secret:
        s.curve_secretkey = secret.encode()
        s.curve_publickey = zmq.curve_public(secret.encode())
        if server:
            s.curve_serverkey = server.encode()
        else:
            s.curve_server = True
    if "PLAIN_USER" in environment:
        name, password = environment["PLAIN_USER"].split(":")
        s.plain_username, s.plain_password = name.encode(), password.encode()
    if "PLAIN_ALLOWED" in environment:
        from zmq.auth.thread import ThreadAuthenticator
        authenticator = ThreadAuthenticator(s.context)
        authenticator.start()
        name, password = environment["PLAIN_ALLOWED"].split(":")
        authenticator.configure_plain(passwords={name: password})
        s.plain_server = True
        return authenticator


def main(kind, endpoint, count=0, ttl=0):
    types = {"req": zmq.REQ, "dealer": zmq.DEALER, "rep": zmq.REP, "router": zmq.ROUTER,
             "push": zmq.PUSH, "pull": zmq.PULL, "ping": zmq.REQ}
    s = zmq.Context().socket(types[kind])
    s.rcvtimeo = s.sndtimeo = 60_000
    s.linger = 20_000
    if kind in ("rep", "router"):
        s.rcvtimeo = -1
    if kind == "ping":
        s.heartbeat_ivl, s.heartbeat_timeout, s.heartbeat_ttl = 100, 3000, ttl
    kept = secure(s, os.environ)
    if kind == "router" or endpoint.endswith("*"):
        s.bind(endpoint)
        print(s.last_endpoint.decode().rstrip("\0"), flush=True)
    else:
        s.connect(endpoint)

    if kind in ("req", "ping"):
        for i in range(count):
            if kind == "ping":
                time.sleep(4)
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
