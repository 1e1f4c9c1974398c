/*
 * The bytes of a stream in shared memory, and nothing else.
 *
 * man/shmcast-stream.5 describes the same bytes for programs in other languages.
 * Everything is little-endian and fixed-width. The sizes that a creator chose stand in the header
 * and never change; all offsets follow from them (stream_plan in stream.c), so an attacher computes
 * them itself and only compares.
 */
#ifndef SHMCAST_SHMFMT_H
#define SHMCAST_SHMFMT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define SHMFMT_MAGIC   UINT64_C(0x00747361636d6873) /* "shmcast\0" */
#define SHMFMT_VERSION 3

enum {
    SHMFMT_PAGE = 4096,
    SHMFMT_READERS = 64,      /* pinning readers at once */
    SHMFMT_WRITERS = 56,      /* writers of events with a claim of their own */
    SHMFMT_SLOTS_MAX = 64,    /* slots of one ring */
    SHMFMT_SIDE_MAX = 65500,  /* largest width and height of an image: JPEG's own limit */
    SHMFMT_ROWS_MAX = 1 << 24 /* largest height of an array or a network packet */
};

/* header.state */
enum { SHMFMT_LIVE, SHMFMT_SUPERSEDED, SHMFMT_REMOVED };

/* header.flags */
enum { SHMFMT_OWNED = 1 }; /* lives as long as the holder of the owner claim */

struct shmfmt_header {
    _Atomic uint64_t magic;  /* "shmcast\0"; stored last */
    uint32_t version;        /* SHMFMT_VERSION */
    uint32_t header_bytes;   /* SHMFMT_PAGE */
    uint64_t total_bytes;    /* size of the object */
    uint64_t generation;     /* random, not 0: a replaced stream has another */
    uint64_t created_ns;     /* CLOCK_REALTIME */
    uint8_t boot_id[16];     /* of the machine's boot in which it was made */
    uint32_t flags;          /* SHMFMT_OWNED */
    _Atomic uint32_t state;  /* SHMFMT_LIVE, SHMFMT_SUPERSEDED, SHMFMT_REMOVED */
    uint32_t width;          /* largest picture it was made for, and what raw input */
    uint32_t height;         /* is taken to be when nothing else is said */
    uint32_t format;         /* enum pixfmt */
    uint32_t frame_slots;    /* 2 … SHMFMT_SLOTS_MAX */
    uint32_t packet_slots;   /* 2 … SHMFMT_SLOTS_MAX */
    uint32_t events;         /* records in the event log, a power of two */
    uint64_t frame_bytes;    /* room for one raw picture, a multiple of SHMFMT_PAGE */
    uint64_t packet_bytes;   /* room for one encoded picture, likewise */
    uint64_t claims_at;      /* offset of struct shmfmt_claim [SHMFMT_CLAIMS] */
    uint64_t frames_at;      /* offset of struct shmfmt_ring, then its slots */
    uint64_t packets_at;     /* the same */
    uint64_t events_at;      /* offset of struct shmfmt_events, then its records */
    uint64_t frame_data_at;  /* offset of the first raw picture, page aligned */
    uint64_t packet_data_at; /* offset of the first encoded picture, page aligned */
    uint8_t reserved[3944];  /* 0 */
};

/*
 * Claims. The claim itself is an open-file-description lock (F_OFD_SETLK) on the first byte of its
 * record; the record only tells people who holds it and is never used to decide anything.
 */
enum shmfmt_claims {
    SHMFMT_CLAIM_ATTACHED, /* shared lock: everyone who has the stream attached */
    SHMFMT_CLAIM_OWNER,    /* shm-create -- COMMAND */
    SHMFMT_CLAIM_FRAMES,   /* the writer of frames */
    SHMFMT_CLAIM_PACKETS,  /* the writer of packets */
    SHMFMT_CLAIM_EVENTS,   /* a writer of events that found none of its own, while it writes */
    SHMFMT_CLAIM_READER = 8,
    SHMFMT_CLAIM_WRITER = SHMFMT_CLAIM_READER + SHMFMT_READERS, /* of events */
    SHMFMT_CLAIMS = SHMFMT_CLAIM_WRITER + SHMFMT_WRITERS
};

struct shmfmt_claim {
    uint32_t pid;        /* in the holder's pid namespace */
    uint32_t role;       /* enum claim_role */
    uint64_t start_time; /* of the process: field 22 of /proc/PID/stat, clock ticks after boot */
    uint64_t since_ns;   /* CLOCK_REALTIME when it was taken */
    uint64_t pid_ns;     /* inode of the holder's pid namespace */
    char command[16];    /* comm, NUL padded */
    uint8_t reserved[16];
};

struct shmfmt_pin {
    _Atomic uint32_t slot; /* 1 + the slot its reader is using, or 0 */
    uint8_t reserved[60];  /* a cache line each */
};

/* A ring of pictures: one writer, newest wins. Slot records follow at the end of the struct. */
struct shmfmt_ring {
    _Atomic uint64_t newest; /* number of the newest picture << 8 | its slot; 0: none yet */
    _Atomic uint32_t wake;   /* futex: changes with each picture, asleep and header.state */
    _Atomic uint32_t
        demand; /* futex: changes when a reader begins to want, and with header.state */
    _Atomic uint64_t dropped; /* pictures for which no slot was free, or that did not fit */
    _Atomic uint64_t skipped; /* pictures left out because they equalled the one before */
    _Atomic uint64_t wanted;  /* bit i: reader i wants new pictures */
    _Atomic uint32_t asleep;  /* 1 from when the writer sleeps, because nobody wants pictures, until
                                 it has looked again at what there is to make one of */
    uint8_t reserved[20];
    struct shmfmt_pin pins[SHMFMT_READERS];
};

/* Packet kinds: shmfmt_slot.format in the packet ring. */
enum {
    SHMFMT_PACKET_JPEG,
    SHMFMT_PACKET_NET /* shmcast-net(5); width: dimensions, height: nodes */
};

/* Largest height of a packet of this kind; SHMFMT_SIDE_MAX if the kind is unknown. */
uint32_t shmfmt_packet_height_max(uint32_t kind);

struct shmfmt_slot {
    _Atomic uint64_t seq;  /* 2 * number: whole; odd: being written or left half-written */
    uint64_t bytes;        /* of picture data */
    uint32_t width;        /* pixels; of a network dimensions */
    uint32_t height;       /* pixels; of a network nodes */
    uint32_t format;       /* enum pixfmt; in the packet ring SHMFMT_PACKET_JPEG … */
    uint32_t flags;        /* PIXFMT_BOTTOM_UP, PIXFMT_LIMITED */
    uint64_t frame;        /* number of the frame that is shown: in the frame ring its own number */
    uint64_t event;        /* number of the last event that the picture shows; 0: not told */
    uint64_t captured_ns;  /* CLOCK_MONOTONIC when the frame was whole */
    uint64_t published_ns; /* CLOCK_MONOTONIC when it was put into this ring */
    uint8_t reserved[64];
};

/* shmfmt_events.turn: somebody waits for it */
#define SHMFMT_LOCK_WAITED (UINT32_C(1) << 31)

/* The event log: many writers by turns, many readers, each with a cursor of its own. */
struct shmfmt_events {
    _Atomic uint64_t head; /* events ever written; number n stands in record (n - 1) % events */
    _Atomic uint32_t wake; /* futex: changes with each batch and with header.state */
    _Atomic uint32_t
        lock; /* 1 + the claim of the writer whose turn it is, SHMFMT_LOCK_WAITED; or 0 */
    uint8_t reserved[48];
};

/* The words are atomic so that a reader that is overrun reads old or new words, never a race. */
struct shmfmt_event {
    _Atomic uint64_t seq;      /* number, from 1; 0 while it is being written */
    _Atomic uint64_t words[7]; /* struct shmfmt_event_body */
};

struct shmfmt_event_body {
    uint64_t time_ns;   /* CLOCK_MONOTONIC */
    uint16_t type;      /* enum event_type */
    uint16_t modifiers; /* EVENT_SHIFT … */
    uint16_t button;    /* that changed: 1 left, 2 right, 3 middle, 0 none (rendercanvas) */
    uint16_t buttons;   /* held after the event: bit button - 1 */
    uint32_t viewer;    /* who made it; 0: not a viewer */
    uint32_t pointer;   /* which finger or pen; 0: the mouse */
    union {
        struct {
            float x, y, dx, dy;
        } at; /* x, y: 0 … 1 from the top left; dx, dy: wheel, pixels */
        struct {
            uint32_t width, height;
            float ratio;
        } size;       /* resize: pixels of the picture wanted, device pixels per CSS pixel */
        char key[32]; /* key_down, key_up: UTF-8, NUL padded */
        struct {
            float x, y, z; /* node_drag: in the layout's own units */
            uint32_t node;
        } node;      /* node_drag, node_drop */
        uint32_t on; /* layout_pause */
    };
};

#endif
