/* Finds the objects in /dev/shm and reads all there is to report about each. */
#ifndef SHM_LS_SCAN_H
#define SHM_LS_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include "claim.h"
#include "fsusage.h"
#include "options.h"
#include "ring.h"
#include "tool/procscan.h"

/* State of the process that took a claim, by the claim's record. The lock is held in any case. */
enum owner_status {
    OWNER_HERE,     /* it is process scan_claim.pid */
    OWNER_GONE,     /* it has ended, and a process that inherited the lock holds it */
    OWNER_REUSED,   /* the same, and its pid now belongs to another process */
    OWNER_ELSEWHERE /* it is in a pid namespace that is not visible from ours */
};

struct scan_claim {
    unsigned claim; /* enum shmfmt_claims */
    struct claim_info info;
    enum owner_status status;
    uint32_t pid; /* in our pid namespace; 0 unless OWNER_HERE */
};

struct scan_channel {
    struct ring_stats stats;
    double rate;     /* images per second; -1: unknown */
    unsigned wanted; /* number of living readers that want images; those that copy count as one */
    bool asleep;     /* the writer lives and sleeps for lack of demand */
};

struct scan_object {
    char name[256];
    const char *kind, *state;
    char reason[512]; /* why it has this state, and what to do */
    bool ours;        /* a stream, perhaps a broken one */
    bool stream;      /* a valid stream: the members from generation to claims are set */
    bool leak;
    int held; /* 1: in use; 0; -1: unknown */
    struct stat st;
    double made; /* seconds since 1970; 0: unknown */
    uint64_t generation;
    uint32_t flags, width, height, format;
    uint32_t frame_slots, packet_slots, event_room;
    uint64_t frame_bytes, packet_bytes;
    struct scan_channel frames, packets;
    uint64_t events;
    double event_rate; /* events per second since the previous scan; -1: unknown */
    struct scan_claim *claims;
    size_t claim_count;
    const struct procscan_use *uses; /* lives in scan.processes */
    size_t use_count;
};

struct scan {
    struct scan_object *objects;
    size_t count, room; /* objects found, and the array's size */
    size_t leaks;       /* objects with leak set */
    uint64_t at;        /* CLOCK_MONOTONIC, ns */
    struct procscan *processes;
    struct fsusage usage;
};

/*
 * Scans the objects that the options select. last: an earlier scan, or NULL; with one the rates are
 * the differences from it. 0; -1 with errno when /dev/shm or /proc cannot be read or there is no
 * memory. The caller ends with scan_free either way.
 */
int scan_take(struct scan *scan, const struct options *o, const struct scan *last);
void scan_free(struct scan *scan);

/* Number of an object's events that are still readable; the others were overwritten. */
uint64_t scan_events_readable(const struct scan_object *ob);

#endif
