/* The libzmq peer of the benchmark: what its parts share. */

#ifndef PEER_H
#define PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the command line says. Each command uses what it needs. */
struct settings {
    const char *connect;      /* endpoint */
    const char *front, *back; /* endpoints of a proxy */
    size_t size;              /* bytes of a request's body */
    unsigned in_flight;       /* requests that wait for their answers at once */
    double seconds, warm_up;  /* of a measurement */
    unsigned rate;            /* requests a second; 0: as fast as possible */
    bool never_read;
    long cpu_of;              /* process whose CPU time is measured; 0: none */

    /* CURVE keys in Z85; NULL: without security. */
    const char *secret, *public; /* our own; the proxy needs the secret one alone */
    const char *server_public;   /* of the server that is connected to */
};

int proxy(const struct settings *);
int worker(const struct settings *);
int load(const struct settings *);
int flood(const struct settings *);
int keygen(void);
int version(void);

/* new_socket returns a socket with CURVE as the options say
   for a socket that binds (server) or connects. */
void *new_socket(void *context, int type, bool server, const struct settings *);

/* await_handshake connects socket and waits until the other end has accepted it:
   what is sent to it from then on arrives. */
void await_handshake(void *context, void *socket, const char *endpoint);

/* bind_to and connect_to end the process when they fail. */
void bind_to(void *socket, const char *endpoint);
void connect_to(void *socket, const char *endpoint);

/* fail prints what failed, with libzmq's reason if code is not 0, and ends the
   process. */
_Noreturn void fail(const char *what, int code);

#endif
