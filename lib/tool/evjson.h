/*
 * The JSON that viewers send (one object, or an array of objects) → messages. Pure functions of the
 * bytes, nothing is allocated, nothing kept. What is taken is described in man/shmcast-events.5.
 */
#ifndef SHMCAST_EVJSON_H
#define SHMCAST_EVJSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "events.h"

enum {
    EVJSON_MESSAGES = 64,  /* objects in one array */
    EVJSON_BYTES = 1 << 16 /* longest text that is taken */
};

enum evjson_kind { EVJSON_EVENT, EVJSON_ACK, EVJSON_PING, EVJSON_HELLO, EVJSON_CONTROL };

/* What a viewer wants of the control. */
enum evjson_want { EVJSON_ASK, EVJSON_RELEASE, EVJSON_GIVE, EVJSON_TAKE };

struct evjson_message {
    enum evjson_kind kind;
    bool fury;          /* event: came as one of FURY 0.12's, which don't tell buttons (0 here) */
    struct event event; /* as sent: time_ns, viewer and number are the sender's word or 0 */
    uint64_t seq;       /* ack: number of the picture that was shown */
    char t[32];         /* ping: the number as it was written, to be echoed */
    enum evjson_want want; /* control */
    uint32_t to;           /* control, EVJSON_GIVE: number of a viewer, ≥ 1 */
};

/*
 * Reads all of a text of any bytes, and only then calls each for every message in it, in order; it
 * stops when each returns other than 0. So a text with an error anywhere in it has no effect.
 * Returns what the last each returned, 0 for an empty array; or -1 with *why (one line, static
 * storage), each not called: not UTF-8, not JSON, too long or too deep, unknown, missing or wrong
 * members, more than EVJSON_MESSAGES. each should not return -1.
 */
int evjson_parse(const char *json, size_t bytes,
                 int (*each)(const struct evjson_message *message, void *user), void *user,
                 const char **why);

#endif
