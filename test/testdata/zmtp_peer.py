"""A libzmq socket that sends, receives or returns many mixed messages.

    zmtp_peer.py KIND ENDPOINT COUNT [--bind]
        [--curve-server KEY | --curve-secret KEY | --user NAME --password WORD [--plain-server]]

REQ and DEALER send COUNT messages and expect each back, in order; REP and
ROUTER return what they get; PUSH sends COUNT, PULL takes them. Prints the
endpoint when it binds; at the end "sent DIGEST" and "received DIGEST" of the
messages without their envelope, as far as it does these things.
"""
import argparse
import hashlib
import itertools
import random

import zmq
from zmq.auth.thread import ThreadAuthenticator

WINDOW = 64  # messages of a DEALER that were not returned yet
NOISE = random.Random(1).randbytes(400_000)


class Digest:
    """SHA-256 over the number of frames, and length and content of each."""

    def __init__(self):
        self.hash = hashlib.sha256()

    def add(self, frames):
        self.hash.update(len(frames).to_bytes(4, "big"))
        for f in frames:
            self.hash.update(len(f).to_bytes(4, "big"))
            self.hash.update(f)

    def __str__(self):
        return self.hash.hexdigest()


def messages(count):
    """First every choice of empty frames among up to four, then at random."""
    r = random.Random(count)

    def frame():
        most = r.choices([0, 300, 9_000, 60_000, 200_000], [40, 38, 19, 2.5, 0.5])[0]
        start = r.randrange(200_000)
        return NOISE[start : start + r.randint(0, most)]

    shapes = [s for n in range(1, 5) for s in itertools.product([b"", b"full"], repeat=n)]
    for i in range(count):
        yield list(shapes[i]) if i < len(shapes) else [frame() for _ in range(r.choice([1, 1, 2, 3, 6]))]


def ask(s, count, window):
    sent, received = Digest(), Digest()
    waiting = 0
    for frames in messages(count):
        s.send_multipart(frames)
        sent.add(frames)
        waiting += 1
        if waiting == window:
            received.add(s.recv_multipart())
            waiting -= 1
    for _ in range(waiting):
        received.add(s.recv_multipart())
    print("sent", sent)
    print("received", received)


def give_back(s, count, envelope):
    received = Digest()
    for _ in range(count):
        frames = s.recv_multipart()
        received.add(frames[envelope:])
        s.send_multipart(frames)
    print("sent", received)
    print("received", received)


def push(s, count):
    sent = Digest()
    for frames in messages(count):
        s.send_multipart(frames)
        sent.add(frames)
    print("sent", sent)


def pull(s, count):
    received = Digest()
    for _ in range(count):
        received.add(s.recv_multipart())
    print("received", received)


TASKS = {
    "REQ": lambda s, n: ask(s, n, 1),
    "DEALER": lambda s, n: ask(s, n, WINDOW),
    "REP": lambda s, n: give_back(s, n, 0),
    "ROUTER": lambda s, n: give_back(s, n, 1),
    "PUSH": push,
    "PULL": pull,
}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("kind")
    p.add_argument("endpoint")
    p.add_argument("count", type=int)
    p.add_argument("--bind", action="store_true")
    p.add_argument("--curve-server", help="be a client of the server with this public key, in Z85")
    p.add_argument("--curve-secret", help="be a server with this secret key, in Z85")
    p.add_argument("--user")
    p.add_argument("--password")
    p.add_argument("--plain-server", action="store_true", help="be a server for this user")
    o = p.parse_args()

    context = zmq.Context()
    s = context.socket(getattr(zmq, o.kind))
    s.rcvtimeo = s.sndtimeo = s.linger = 30_000
    if o.curve_server:
        s.curve_serverkey = o.curve_server.encode()
        s.curve_publickey, s.curve_secretkey = zmq.curve_keypair()
    if o.curve_secret:
        s.curve_server, s.curve_secretkey = True, o.curve_secret.encode()
    if o.plain_server:
        passwords = ThreadAuthenticator(context)  # libzmq lets nobody in without it
        passwords.start()
        passwords.configure_plain(passwords={o.user: o.password})
        s.plain_server = True
    elif o.user:
        s.plain_username, s.plain_password = o.user.encode(), o.password.encode()
    if o.bind:
        s.bind(o.endpoint)
        print(s.get_string(zmq.LAST_ENDPOINT), flush=True)
    else:
        s.connect(o.endpoint)
    TASKS[o.kind](s, o.count)
    s.close()
    if o.plain_server:
        passwords.stop()
    context.term()  # waits until everything is sent


main()
