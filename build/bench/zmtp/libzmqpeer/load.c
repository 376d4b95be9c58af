/* Clients: one that measures, and one that is a nuisance. */

#include "peer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

/* A request carries the number of the slot it was sent from and how many were
   sent from there before: so an answer that comes twice, or late, or is another
   one's, is noticed. */
struct mark {
    uint32_t slot, turn;
};

struct slot {
    uint32_t turn;
    uint64_t sent; /* when, in ns */
};

/* Round trips in ns. */
struct samples {
    uint64_t *values;
    size_t count, room;
};

static uint64_t clock_ns(clockid_t clock) {
    struct timespec t;
    if (clock_gettime(clock, &t) != 0)
        fail("the process that is measured is gone", 0);
    return (uint64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static uint64_t now(void) { return clock_ns(CLOCK_MONOTONIC); }

/* cpu_clock is the CPU time of a whole process, all of its threads. */
static clockid_t cpu_clock(pid_t pid) {
    clockid_t clock;
    int code = clock_getcpuclockid(pid, &clock);
    if (code != 0)
        fail("CPU clock", code);
    return clock;
}

static void add(struct samples *s, uint64_t value) {
    if (s->count == s->room) {
        s->room = s->room ? 2 * s->room : 1 << 16;
        s->values = realloc(s->values, s->room * sizeof *s->values);
        if (!s->values)
            fail("no memory for the samples", 0);
    }
    s->values[s->count++] = value;
}

static int compare(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* percentile of sorted samples, in µs. */
static double percentile(const struct samples *s, double part) {
    return s->count ? s->values[(size_t)(part * (s->count - 1))] / 1e3 : 0;
}

static void ask(void *socket, struct slot *slots, uint32_t number, char *body, size_t size) {
    struct mark mark = {number, slots[number].turn};
    memcpy(body, &mark, sizeof mark);
    slots[number].sent = now();
    if (zmq_send(socket, "", 0, ZMQ_SNDMORE) < 0 || zmq_send(socket, body, size, 0) < 0)
        fail("send", errno);
}

/* answer waits for the next answer, checks it and returns its slot. What is not
   the request itself is a refusal: it does not say of what, so only the one
   request in flight can be refused. */
static uint32_t answer(void *socket, struct slot *slots, unsigned count, size_t size, bool *refused) {
    zmq_msg_t frame;
    zmq_msg_init(&frame);
    if (zmq_msg_recv(&frame, socket, 0) < 0)
        fail("no answer", errno);
    if (zmq_msg_size(&frame) != 0 || !zmq_msg_more(&frame))
        fail("an answer without the empty frame", 0);
    if (zmq_msg_recv(&frame, socket, 0) < 0)
        fail("no answer", errno);
    struct mark mark;
    if (zmq_msg_size(&frame) != size || zmq_msg_more(&frame)) {
        if ((*refused = count == 1))
            return 0;
        fprintf(stderr, "%.*s\n", (int)zmq_msg_size(&frame), (char *)zmq_msg_data(&frame));
        fail("an answer that is not the request", 0);
    }
    memcpy(&mark, zmq_msg_data(&frame), sizeof mark);
    if (mark.slot >= count || mark.turn != slots[mark.slot].turn)
        fail("an answer to another request", 0);
    zmq_msg_close(&frame);
    slots[mark.slot].turn++;
    return mark.slot;
}

/* measurement is what load prints. */
struct measurement {
    struct samples trips;
    uint64_t total, refused; /* answers, with those of the warm-up */
    uint64_t began, ended;   /* in ns */
    uint64_t cpu;            /* in ns */
};

/* run_requests asks anew with each answer, first to warm up, then measuring. */
static void run_requests(void *socket, struct slot *slots, char *body, const struct settings *o, struct measurement *m) {
    const clockid_t clock = o->cpu_of ? cpu_clock(o->cpu_of) : CLOCK_MONOTONIC;
    const uint64_t warm = now() + o->warm_up * 1e9;
    uint64_t end = UINT64_MAX;
    while (m->ended < end) {
        bool refused = false;
        uint32_t i = answer(socket, slots, o->in_flight, o->size, &refused);
        m->ended = now();
        m->total++;
        m->refused += refused;
        if (m->began && !refused) {
            add(&m->trips, m->ended - slots[i].sent);
        } else if (!m->began && m->ended >= warm) {
            m->began = m->ended;
            end = m->began + o->seconds * 1e9;
            m->cpu = clock_ns(clock);
        }
        ask(socket, slots, i, body, o->size);
    }
    m->cpu = o->cpu_of ? clock_ns(clock) - m->cpu : 0;
}

static void print_measurement(struct measurement *m) {
    struct samples *trips = &m->trips;
    qsort(trips->values, trips->count, sizeof *trips->values, compare);
    printf("{\"requests\":%zu,\"total\":%llu,\"refused\":%llu,\"seconds\":%.6f,\"cpu_us\":%.1f,\"p50_us\":%.1f,\"p99_us\":%.1f}\n",
           trips->count, (unsigned long long)m->total, (unsigned long long)m->refused, (m->ended - m->began) / 1e9, m->cpu / 1e3,
           percentile(trips, 0.5), percentile(trips, 0.99));
    fflush(stdout);
}

int load(const struct settings *o) {
    if (o->size < sizeof(struct mark) || o->in_flight == 0)
        fail("a request has at least 8 bytes, and at least one is in flight", 0);
    void *socket = new_socket(zmq_ctx_new(), ZMQ_DEALER, false, o);
    int patience = 10000; /* ms */
    zmq_setsockopt(socket, ZMQ_RCVTIMEO, &patience, sizeof patience);
    connect_to(socket, o->connect);

    struct slot *slots = calloc(o->in_flight, sizeof *slots);
    char *body = calloc(1, o->size);
    if (!slots || !body)
        fail("no memory for the requests", 0);
    for (uint32_t i = 0; i < o->in_flight; i++)
        ask(socket, slots, i, body, o->size);
    struct measurement m = {0};
    run_requests(socket, slots, body, o, &m);
    print_measurement(&m);
    _Exit(0); /* without waiting for what is in flight */
}

/* drain throws away the answers that have arrived and returns how many. */
static unsigned drain(void *socket) {
    unsigned answers = 0;
    zmq_msg_t frame;
    zmq_msg_init(&frame);
    while (zmq_msg_recv(&frame, socket, ZMQ_DONTWAIT) >= 0)
        answers += !zmq_msg_more(&frame);
    zmq_msg_close(&frame);
    return answers;
}

static void sleep_until(uint64_t ns) {
    struct timespec t = {ns / 1000000000, ns % 1000000000};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

int flood(const struct settings *o) {
    void *socket = new_socket(zmq_ctx_new(), ZMQ_DEALER, false, o);
    int little = 1; /* so that libzmq itself soon stops reading, too */
    if (o->never_read)
        zmq_setsockopt(socket, ZMQ_RCVHWM, &little, sizeof little);
    connect_to(socket, o->connect);
    char *body = calloc(1, o->size);
    if (!body)
        fail("no memory for the request", 0);
    const uint64_t start = now();
    for (uint64_t sent = 0, answered = 0;;) {
        bool may_send = o->never_read || sent - answered < o->in_flight;
        zmq_pollitem_t wait = {.socket = socket};
        wait.events = (may_send ? ZMQ_POLLOUT : 0) | (o->never_read ? 0 : ZMQ_POLLIN);
        if (zmq_poll(&wait, 1, -1) < 0)
            fail("poll", errno);
        if (wait.revents & ZMQ_POLLIN)
            answered += drain(socket);
        if (!(wait.revents & ZMQ_POLLOUT))
            continue;
        if (zmq_send(socket, "", 0, ZMQ_SNDMORE) < 0 || zmq_send(socket, body, o->size, 0) < 0)
            fail("send", errno);
        sent++;
        if (o->rate)
            sleep_until(start + sent * 1000000000 / o->rate);
    }
}
