/* A libzmq peer for benchmarks: see usage.

   gcc -O2 -o libzmqpeer *.c -lzmq */

#include "peer.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: libzmqpeer COMMAND OPTION...\n"
    "\n"
    "  proxy   --front ENDPOINT --back ENDPOINT    zmq_proxy between a ROUTER and a DEALER\n"
    "  worker  --connect ENDPOINT                  a REP that returns what it gets; says when it is connected\n"
    "  load    --connect ENDPOINT --size BYTES --in-flight N --seconds S --warm-up S [--cpu-of PID]\n"
    "          a DEALER that asks as REQ would, with N requests waiting for their answers;\n"
    "          prints a line of JSON\n"
    "  flood   --connect ENDPOINT --size BYTES [--rate N] [--in-flight N | --never-read]\n"
    "          asks until it is killed\n"
    "  keygen  prints a secret and a public CURVE key\n"
    "  version prints that of libzmq\n"
    "\n"
    "With CURVE: --secret Z85 for the proxy; for all others that, --public Z85 and --server-public Z85.\n";

enum {
    CONNECT, FRONT, BACK, SIZE, IN_FLIGHT, SECONDS, WARM_UP, RATE, NEVER_READ, CPU_OF, SECRET, PUBLIC, SERVER_PUBLIC
};

static const struct option long_options[] = {
    {"connect", required_argument, NULL, CONNECT},
    {"front", required_argument, NULL, FRONT},
    {"back", required_argument, NULL, BACK},
    {"size", required_argument, NULL, SIZE},
    {"in-flight", required_argument, NULL, IN_FLIGHT},
    {"seconds", required_argument, NULL, SECONDS},
    {"warm-up", required_argument, NULL, WARM_UP},
    {"rate", required_argument, NULL, RATE},
    {"never-read", no_argument, NULL, NEVER_READ},
    {"cpu-of", required_argument, NULL, CPU_OF},
    {"secret", required_argument, NULL, SECRET},
    {"public", required_argument, NULL, PUBLIC},
    {"server-public", required_argument, NULL, SERVER_PUBLIC},
    {0},
};

static _Noreturn void bad_usage(void) {
    fputs(usage, stderr);
    exit(2);
}

static void require(bool given) {
    if (!given)
        bad_usage();
}

static struct settings parse(int argc, char **argv) {
    struct settings o = {.size = 256, .in_flight = 1, .seconds = 1, .warm_up = 0.3};
    for (int c; (c = getopt_long(argc, argv, "", long_options, NULL)) != -1;) {
        switch (c) {
        case CONNECT: o.connect = optarg; break;
        case FRONT: o.front = optarg; break;
        case BACK: o.back = optarg; break;
        case SIZE: o.size = strtoul(optarg, NULL, 10); break;
        case IN_FLIGHT: o.in_flight = strtoul(optarg, NULL, 10); break;
        case SECONDS: o.seconds = strtod(optarg, NULL); break;
        case WARM_UP: o.warm_up = strtod(optarg, NULL); break;
        case RATE: o.rate = strtoul(optarg, NULL, 10); break;
        case NEVER_READ: o.never_read = true; break;
        case CPU_OF: o.cpu_of = strtol(optarg, NULL, 10); break;
        case SECRET: o.secret = optarg; break;
        case PUBLIC: o.public = optarg; break;
        case SERVER_PUBLIC: o.server_public = optarg; break;
        default: bad_usage();
        }
    }
    require(optind == argc);
    return o;
}

int main(int argc, char **argv) {
    require(argc > 1);
    const char *command = argv[1];
    struct settings o = parse(argc - 1, argv + 1);
    if (strcmp(command, "keygen") == 0)
        return keygen();
    if (strcmp(command, "version") == 0)
        return version();
    if (strcmp(command, "proxy") == 0) {
        require(o.front && o.back);
        return proxy(&o);
    }
    require(o.connect != NULL);
    if (strcmp(command, "worker") == 0)
        return worker(&o);
    if (strcmp(command, "load") == 0)
        return load(&o);
    if (strcmp(command, "flood") == 0)
        return flood(&o);
    bad_usage();
}
