/* Sockets, with or without CURVE, and what to do when libzmq refuses. */

#include "peer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <zmq.h>

enum { Z85_KEY = 41 }; /* bytes of a key in Z85, with the final 0 */

_Noreturn void fail(const char *what, int code) {
    if (code)
        fprintf(stderr, "libzmqpeer: %s: %s\n", what, zmq_strerror(code));
    else
        fprintf(stderr, "libzmqpeer: %s\n", what);
    exit(1);
}

static void set_string(void *socket, int option, const char *value) {
    if (zmq_setsockopt(socket, option, value, Z85_KEY) != 0)
        fail("CURVE key", errno);
}

/* be_server makes a socket a CURVE server that lets every client in. */
static void be_server(void *socket, const struct settings *o) {
    int on = 1;
    zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &on, sizeof on);
    set_string(socket, ZMQ_CURVE_SECRETKEY, o->secret);
}

static void be_client(void *socket, const struct settings *o) {
    if (!o->public || !o->secret)
        fail("CURVE needs a key pair of our own", 0);
    set_string(socket, ZMQ_CURVE_SERVERKEY, o->server_public);
    set_string(socket, ZMQ_CURVE_PUBLICKEY, o->public);
    set_string(socket, ZMQ_CURVE_SECRETKEY, o->secret);
}

void *new_socket(void *context, int type, bool server, const struct settings *o) {
    void *socket = zmq_socket(context, type);
    if (!socket)
        fail("new socket", errno);
    if (server && o->secret)
        be_server(socket, o);
    if (!server && o->server_public)
        be_client(socket, o);
    return socket;
}

void bind_to(void *socket, const char *endpoint) {
    if (zmq_bind(socket, endpoint) != 0)
        fail(endpoint, errno);
}

void connect_to(void *socket, const char *endpoint) {
    if (zmq_connect(socket, endpoint) != 0)
        fail(endpoint, errno);
}

void await_handshake(void *context, void *socket, const char *endpoint) {
    static const char monitor[] = "inproc://monitor";
    void *events = zmq_socket(context, ZMQ_PAIR);
    if (zmq_socket_monitor(socket, monitor, ZMQ_EVENT_HANDSHAKE_SUCCEEDED) != 0 || zmq_connect(events, monitor) != 0)
        fail("monitor", errno);
    connect_to(socket, endpoint);
    zmq_msg_t event;
    zmq_msg_init(&event);
    if (zmq_msg_recv(&event, events, 0) < 0)
        fail("monitor", errno);
    zmq_msg_close(&event);
    zmq_socket_monitor(socket, NULL, 0);
    zmq_close(events);
}

int version(void) {
    int major, minor, patch;
    zmq_version(&major, &minor, &patch);
    printf("%d.%d.%d\n", major, minor, patch);
    return 0;
}

int keygen(void) {
    char public_key[Z85_KEY], secret_key[Z85_KEY];
    if (zmq_curve_keypair(public_key, secret_key) != 0)
        fail("make CURVE keys", errno);
    printf("%s %s\n", secret_key, public_key);
    return 0;
}
