/*
 * Parses the JSON messages of viewers: one object, or an array of objects. Nothing is allocated or
 * kept. man/shmcast-events.5 describes the accepted messages.
 */
#ifndef SHMCAST_EVJSON_H
#define SHMCAST_EVJSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "events.h"

enum {
    EVJSON_MESSAGES = 64, /* objects in one array, at most */
    EVJSON_NAME_MAX = 32  /* bytes of a viewer's name */
};

/* EVJSON_NOTHING: an event of the renderview specification that streams do not carry. */
enum evjson_kind {
    EVJSON_EVENT,
    EVJSON_NOTHING,
    EVJSON_ACK,
    EVJSON_PING,
    EVJSON_HELLO,
    EVJSON_CONTROL
};

/* Requests about control. */
enum evjson_want { EVJSON_ASK, EVJSON_RELEASE, EVJSON_GIVE, EVJSON_TAKE };

struct evjson_message {
    enum evjson_kind kind;
    bool fury;             /* event: in the form of FURY 0.12, which lacks buttons (0 here) */
    struct event event;    /* event: time_ns, viewer and number as sent, or 0 */
    uint64_t seq;          /* ack: number of the packet shown */
    char t[32];            /* ping: the number as text, to be echoed */
    bool parts;            /* hello: the viewer draws parts of packets */
    enum evjson_want want; /* control */
    uint32_t to;           /* control, EVJSON_GIVE: a viewer's number, ≥ 1 */
    bool named;            /* hello: it has a name */
    char name[EVJSON_NAME_MAX + 1]; /* hello: the viewer's name, printable UTF-8; may be empty */
};

/*
 * Parses the whole text, which may be any bytes, and then calls each for every message, in order,
 * until each returns other than 0. So a text with an error anywhere has no effect. Returns the last
 * result of each, 0 for an empty array; or -1 with *why, a line in static storage, without calling
 * each: not UTF-8, not JSON, too long or too deep, unknown, missing or wrong members, more than
 * EVJSON_MESSAGES. each should not return -1.
 */
int evjson_parse(const char *json, size_t bytes,
                 int (*each)(const struct evjson_message *message, void *user), void *user,
                 const char **why);

#endif
