/* What stands behind the clients: the broker of libzmq, and workers. */

#include "peer.h"

#include <errno.h>
#include <stdio.h>
#include <zmq.h>

int proxy(const struct settings *o) {
    void *context = zmq_ctx_new();
    void *front = new_socket(context, ZMQ_ROUTER, true, o);
    void *back = new_socket(context, ZMQ_DEALER, true, o);
    bind_to(front, o->front);
    bind_to(back, o->back);
    zmq_proxy(front, back, NULL);
    fail("zmq_proxy", errno);
}

int worker(const struct settings *o) {
    void *context = zmq_ctx_new();
    void *socket = new_socket(context, ZMQ_REP, false, o);
    await_handshake(context, socket, o->connect);
    puts("connected");
    fflush(stdout);
    for (;;) {
        zmq_msg_t frame;
        zmq_msg_init(&frame);
        if (zmq_msg_recv(&frame, socket, 0) < 0)
            fail("receive", errno);
        int more = zmq_msg_more(&frame);
        if (zmq_msg_send(&frame, socket, more ? ZMQ_SNDMORE : 0) < 0)
            fail("send", errno);
    }
}
