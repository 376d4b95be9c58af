#include <stdio.h>
#include <zmq.h>

int main(int argc, char **argv) {
    void *s = zmq_socket(zmq_ctx_new(), ZMQ_REQ);
    int patience = 10000; /* milliseconds */
    zmq_setsockopt(s, ZMQ_RCVTIMEO, &patience, sizeof patience);
    zmq_msg_t answer;
    zmq_msg_init(&answer);
    if (argc != 2 || zmq_connect(s, argv[1]) || zmq_send(s, "this here is history", 20, 0) < 0 || zmq_msg_recv(&answer, s, 0) < 0) {
        fprintf(stderr, "ask: %s\n", zmq_strerror(zmq_errno()));
        return 1;
    }
    printf("%.*s\n", (int)zmq_msg_size(&answer), (char *)zmq_msg_data(&answer));
}
