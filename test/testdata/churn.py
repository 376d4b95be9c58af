"""Clients that come and go.

    churn.py ENDPOINT COUNT

One after the other: one that asks and waits, one that asks and goes without
waiting, one that says nothing, one that breaks off its greeting, one that sends
what is no ZeroMQ.
"""
import socket
import sys

import zmq

context = zmq.Context()


def asks(endpoint):
    s = context.socket(zmq.REQ)
    s.linger, s.rcvtimeo = 0, 20_000
    s.connect(endpoint)
    s.send(b"this here is history")
    assert s.recv().startswith(b'{"matches":[{')
    s.close()


def goes(endpoint):
    s = context.socket(zmq.DEALER)
    s.linger, s.rcvtimeo = 0, 20_000
    s.connect(endpoint)
    for _ in range(5):
        s.send_multipart([b"{}", b"this here is history"])
    s.recv_multipart()  # the other four may be anywhere
    s.close()


def silent(endpoint):
    tcp(endpoint).close()


def breaks_off(endpoint):
    s = tcp(endpoint)
    s.sendall(b"\xff\0\0\0\0\0\0\0\x01\x7f\x03")
    s.recv(1)
    s.close()


def stranger(endpoint):
    s = tcp(endpoint)
    s.sendall(b"GET / HTTP/1.1\r\n\r\n")
    s.close()


def tcp(endpoint):
    host, port = endpoint.removeprefix("tcp://").split(":")
    return socket.create_connection((host, int(port)), 20)


def main(endpoint, count):
    kinds = [asks, goes, silent, breaks_off, stranger]
    for i in range(count):
        kinds[i % len(kinds)](endpoint)


main(sys.argv[1], int(sys.argv[2]))
