/*
 * The table of event types and their keys: what each is called, where it is in struct event, and
 * which values are valid. events.c parses by it, eventtext.c writes by it, evlog.c stores by it.
 *
 * eventtable.c has the rows of user input. The rows of other types are the extension, which another
 * file of the library defines (lib/net/netevents.c): this file only reserves their numbers.
 */
#ifndef SHMCAST_EVENTTABLE_H
#define SHMCAST_EVENTTABLE_H

#include "events.h"

/* Keys, in the order in which they are written. */
enum {
    KEY_X,
    KEY_Y,
    KEY_DX,
    KEY_DY,
    KEY_WIDTH,
    KEY_HEIGHT,
    KEY_RATIO,
    KEY_KEY,
    KEY_DATA,
    KEY_SHAPE,
    KEY_BUTTON,
    KEY_BUTTONS,
    KEY_MODIFIERS,
    KEY_POINTER,
    KEY_EXTENSION, /* the first key of the extension */
    KEY_VIEWER = KEY_EXTENSION + 6,
    KEY_T,
    KEY_N,
    KEYS
};

#define KEY_BIT(key) (UINT32_C(1) << (key))

/* The first key of a set that is not empty. */
static inline unsigned key_first(uint32_t set)
{
    return (unsigned)__builtin_ctz(set);
}

/* Optional keys of every type. */
enum { KEY_BITS_ALL = KEY_BIT(KEY_VIEWER) | KEY_BIT(KEY_T) | KEY_BIT(KEY_N) };

enum key_kind { KEY_REAL, KEY_COUNT, KEY_NAMES, KEY_TEXT, KEY_TIME, KEY_NUMBER };

struct event_key {
    const char *name;
    enum key_kind kind;
    size_t at; /* offset in struct event */
    double low, high;
    double standard;     /* KEY_REAL: the value that is not written */
    const char *values;  /* the range, for people */
    const char *meaning; /* for people */
};

/* Member of shmfmt_event_body's union that holds the values of a type. */
enum event_payload {
    PAYLOAD_AT,
    PAYLOAD_SIZE,
    PAYLOAD_KEY,
    PAYLOAD_NODE,
    PAYLOAD_ON,
    PAYLOAD_NAMED
};

/* Keys are sets of KEY_BIT. */
struct event_row {
    const char *name;
    uint32_t required;
    uint32_t one_of; /* at least one of these is required */
    uint32_t optional;
    enum event_payload payload;
};

extern const struct event_key event_own_keys[KEYS];         /* the extension's rows are empty */
extern const struct event_row event_own_types[EVENT_TYPES]; /* likewise */
extern const struct event_key event_extension_keys[KEY_VIEWER - KEY_EXTENSION];
extern const struct event_row event_extension_types[EVENT_EXTENSION_END - EVENT_EXTENSION];

/* The row of a key below KEYS. */
static inline const struct event_key *event_key(unsigned key)
{
    return key >= KEY_EXTENSION && key < KEY_VIEWER ? &event_extension_keys[key - KEY_EXTENSION]
                                                    : &event_own_keys[key];
}

/* The row of a type. One without a name, keys and payload if there is no such type. */
static inline const struct event_row *event_type_row(uint32_t type)
{
    if (type >= EVENT_EXTENSION && type < EVENT_EXTENSION_END)
        return &event_extension_types[type - EVENT_EXTENSION];
    return &event_own_types[type < EVENT_TYPES ? type : 0];
}

/* All keys of a type, 0 if there is no such type. */
static inline uint32_t event_keys(const struct event_row *row)
{
    return row->required | row->one_of | row->optional;
}

/* Address of a key's value in an event: of a KEY_REAL, of a KEY_COUNT or KEY_NAMES. The caller
 * knows whether the event is writable. */
static inline float *event_real(const struct event *ev, unsigned key)
{
    void *value = (char *)(uintptr_t)ev + event_key(key)->at;
    return value;
}

static inline uint32_t *event_count(const struct event *ev, unsigned key)
{
    void *value = (char *)(uintptr_t)ev + event_key(key)->at;
    return value;
}

/* A modifier has several names; the first one is written. */
enum { EVENT_MODIFIER_NAMES = 8 };
struct event_modifier {
    const char *name;
    uint32_t bit;
};
extern const struct event_modifier event_modifiers[EVENT_MODIFIER_NAMES];

/* 1e0 … 1e15, which are exact. */
extern const double event_powers[16];

#endif
