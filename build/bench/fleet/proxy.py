"""The broker of the Python fleet: zmq.proxy, which is libzmq's own, in C.

    proxy.py FRONT BACK
"""
import sys

import zmq

context = zmq.Context()
front, back = context.socket(zmq.ROUTER), context.socket(zmq.DEALER)
front.bind(sys.argv[1])
back.bind(sys.argv[2])
print("ready", flush=True)
zmq.proxy(front, back)
