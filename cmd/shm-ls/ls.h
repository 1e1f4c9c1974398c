/* What shm-ls has found out, between the part that looks and the parts that print. */
#ifndef SHM_LS_H
#define SHM_LS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include "claim.h"
#include "tool/procscan.h"
#include "shmfmt.h"
#include "ring.h"

/* Whether the process that a claim's record names is there. The lock is held in any case. */
enum signer {
    SIGNER_HERE,     /* it is process ls_claim.pid */
    SIGNER_GONE,     /* it has ended: a process that inherited the lock holds it */
    SIGNER_REUSED,   /* it has ended, and its pid belongs to another process now */
    SIGNER_ELSEWHERE /* it ran in a pid namespace that can't be seen from ours */
};

struct ls_claim {
    unsigned claim; /* enum shmfmt_claims */
    struct claim_info info;
    enum signer signer;
    uint32_t pid; /* as we see it; 0 unless SIGNER_HERE */
};

struct ls_channel {
    struct ring_stats stats;
    double rate;     /* pictures a second; -1: can't be told */
    unsigned wanted; /* by so many living readers */
    bool asleep;     /* the writer is there, and sleeps because nobody wants pictures */
};

/* Everything there is to say about one object. */
struct ls_object {
    char name[256];
    const char *kind, *state;
    char reason[512];
    bool ours, stream; /* stream: whole, and all below was read */
    bool leak;
    int held; /* does anybody have it? -1: can't be told */
    struct stat st;
    double made; /* seconds since 1970; 0: not known */
    uint64_t generation;
    uint32_t flags, width, height, format;
    uint32_t frame_slots, packet_slots, event_room;
    uint64_t frame_bytes, packet_bytes;
    struct ls_channel frames, packets;
    uint64_t events;
    double event_rate; /* events a second between two looks; -1: can't be told */
    struct ls_claim *claims;
    size_t claim_count;
    const struct procscan_use *uses; /* lives in ls_look.holders */
    size_t use_count;
};

enum { LS_WARNINGS = 4 };

/* The file system /dev/shm. */
struct ls_space {
    uint64_t bytes, free;
    char warnings[LS_WARNINGS][192]; /* what will bite */
    size_t warning_count;
};

struct ls_look {
    struct ls_object *objects;
    size_t count, room;
    size_t leaks, matched;
    uint64_t at; /* CLOCK_MONOTONIC, ns */
    struct procscan *holders;
    struct ls_space space;
};

struct ls_options {
    bool detail, json, watch, all, check;
    char **names; /* NULL-terminated; none: everything */
};

/*
 * Looks at everything that the options ask for. last: an earlier look, or NULL; then rates are the
 * differences from it. 0; -1 with errno when /dev/shm can't be read or there is no memory. The
 * caller ends with look_free either way.
 */
int look_take(struct ls_look *look, const struct ls_options *o, const struct ls_look *last);
void look_free(struct ls_look *look);

/* Fills in sizes and warnings. look's objects must have been found. */
void space_look(struct ls_look *look);

void table_print(const struct ls_look *look, const struct ls_options *o); /* the default */
void block_print(const struct ls_look *look, const struct ls_options *o); /* -l */
void json_print(const struct ls_look *look);

/* "frames", "frames-reader" … */
const char *claim_role(const struct ls_claim *claim);
const char *owner_name(uid_t uid, char out[40]);
const char *human(uint64_t bytes, char out[16]); /* "31.2M": at most five characters */

/* How many of an object's events can still be read; the rest was overwritten. */
uint64_t events_readable(const struct ls_object *ob);

#endif
