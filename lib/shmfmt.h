/*
 * The shm format: the bytes of a stream in shared memory. shmcast-stream(5) describes the same
 * bytes for programs in other languages.
 *
 * Reserved bytes are written as 0 and not read. A later program may give them a meaning in which 0
 * means "as before"; it sets a feature bit in the header if a stream uses that meaning.
 *
 * Everything is little-endian and of fixed width. The header has the sizes that the creator chose;
 * they never change, and all offsets follow from them (stream_plan in stream.c), so an attaching
 * program computes the offsets itself and only compares.
 */
#ifndef SHMCAST_SHMFMT_H
#define SHMCAST_SHMFMT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
_Static_assert(sizeof(void *) == 8, "shmcast is 64-bit only");

#define SHMFMT_MAGIC   UINT64_C(0x00747361636d6873) /* "shmcast\0" */
#define SHMFMT_VERSION 4

enum {
    SHMFMT_PAGE = 4096,
    SHMFMT_READERS = 64,      /* concurrent readers that pin slots */
    SHMFMT_WRITERS = 56,      /* lock slots of event writers */
    SHMFMT_SLOTS_MAX = 64,    /* largest number of slots in one ring */
    SHMFMT_SIDE_MAX = 65500,  /* largest width and height of an image: JPEG's own limit */
    SHMFMT_ROWS_MAX = 1 << 24 /* largest height of an array or a network packet */
};

enum { SHMFMT_LIVE, SHMFMT_SUPERSEDED, SHMFMT_REMOVED }; /* shmfmt_header.state */

/* shmfmt_header.flags. Owned: the stream is removed when the holder of the owner claim exits. */
enum { SHMFMT_OWNED = 1 };

/* The bits of shmfmt_header.incompatible that these programs know. */
#define SHMFMT_INCOMPATIBLE UINT64_C(0)

struct shmfmt_header {
    _Atomic uint64_t magic;  /* SHMFMT_MAGIC, stored last */
    uint32_t version;        /* SHMFMT_VERSION */
    uint32_t header_bytes;   /* SHMFMT_PAGE */
    uint64_t total_bytes;    /* size of the object */
    uint64_t generation;     /* random, not 0: identifies this stream among those of its name */
    uint64_t created_ns;     /* CLOCK_REALTIME */
    uint8_t boot_id[16];     /* boot of the machine in which the stream was created */
    uint32_t flags;          /* SHMFMT_OWNED */
    _Atomic uint32_t state;  /* SHMFMT_LIVE, SHMFMT_SUPERSEDED, SHMFMT_REMOVED */
    uint32_t width;          /* largest width of a frame, and the default for raw input */
    uint32_t height;         /* largest height of a frame, and the default for raw input */
    uint32_t format;         /* enum pixfmt, the default for raw input */
    uint32_t frame_slots;    /* 2 … SHMFMT_SLOTS_MAX */
    uint32_t packet_slots;   /* 2 … SHMFMT_SLOTS_MAX */
    uint32_t events;         /* number of records in the event log, a power of two */
    uint64_t frame_bytes;    /* room for one raw frame, a multiple of SHMFMT_PAGE */
    uint64_t packet_bytes;   /* room for one packet, a multiple of SHMFMT_PAGE */
    uint64_t claims_at;      /* offset of struct shmfmt_claim [SHMFMT_CLAIMS] */
    uint64_t frames_at;      /* offset of the frame ring: struct shmfmt_ring, then its slots */
    uint64_t packets_at;     /* offset of the packet ring: struct shmfmt_ring, then its slots */
    uint64_t events_at;      /* offset of struct shmfmt_events, then its records */
    uint64_t frame_data_at;  /* offset of the first raw frame, page aligned */
    uint64_t packet_data_at; /* offset of the first packet, page aligned */
    uint64_t compatible;     /* feature bits: programs that do not know one ignore it */
    uint64_t incompatible;   /* feature bits: programs that do not know one refuse the stream */
    char creator[24];        /* "shmcast 0.1.0", NUL padded: for messages only */
    uint8_t reserved[3904];
};

/*
 * Claims. A claim is an open-file-description lock (F_OFD_SETLK) on the first byte of its record.
 * The record describes the holder to people and decides nothing.
 */
enum shmfmt_claims {
    SHMFMT_CLAIM_ATTACHED, /* shared lock of every process that has the stream attached */
    SHMFMT_CLAIM_OWNER,    /* shm-create -- COMMAND */
    SHMFMT_CLAIM_FRAMES,   /* the writer of frames */
    SHMFMT_CLAIM_PACKETS,  /* the writer of packets */
    SHMFMT_CLAIM_EVENTS,   /* shared lock slot, for an event writer that found no free one */
    SHMFMT_CLAIM_WATCH,    /* shared lock of readers that copy packets and want new ones */
    SHMFMT_CLAIM_READER = 8,
    SHMFMT_CLAIM_WRITER = SHMFMT_CLAIM_READER + SHMFMT_READERS, /* lock slots of event writers */
    SHMFMT_CLAIMS = SHMFMT_CLAIM_WRITER + SHMFMT_WRITERS
};

struct shmfmt_claim {
    uint32_t pid;        /* in the holder's pid namespace */
    uint32_t role;       /* enum claim_role */
    uint64_t start_time; /* of the process: field 22 of /proc/PID/stat, clock ticks after boot */
    uint64_t since_ns;   /* CLOCK_REALTIME when the claim was taken */
    uint64_t pid_ns;     /* inode of the holder's pid namespace */
    char command[16];    /* comm, NUL padded */
    uint8_t reserved[16];
};

/*
 * Values of shmfmt_ring.demand, none of which is stored twice: serial * SHMFMT_DEMAND_STEP + index
 * by a reader, the time * SHMFMT_DEMAND_STEP + SHMFMT_DEMAND_END when header.state changes.
 */
enum { SHMFMT_DEMAND_STEP = 128, SHMFMT_DEMAND_END = 127 };

struct shmfmt_pin {
    _Atomic uint32_t slot;   /* 1 + the slot that the reader uses, or 0 */
    _Atomic uint32_t wants;  /* 1: the reader wants new images */
    _Atomic uint32_t serial; /* number of times that a reader with this index has stored demand */
    uint8_t reserved[52];    /* each pin has a cache line of its own */
};

/* A ring: one writer, newest image wins. The slot records follow the struct. */
struct shmfmt_ring {
    _Atomic uint64_t newest;  /* number of the newest image << 8 | its slot; 0: none yet */
    _Atomic uint32_t wake;    /* futex: changes with each image, with asleep and header.state */
    _Atomic uint32_t demand;  /* futex: changes with each new demand and with header.state */
    _Atomic uint64_t dropped; /* images that did not fit or found no free slot */
    _Atomic uint64_t skipped; /* images left out because they equalled the one before */
    _Atomic uint32_t asleep;  /* 1: the writer sleeps for lack of demand; the newest may be old */
    uint32_t reserved0;
    _Atomic uint64_t notify; /* not 0: a reader polls; stream_notify follows a change of wake */
    uint8_t reserved[16];
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
    uint64_t bytes;        /* size of the data */
    uint32_t width;        /* pixels, or as the packet kind defines */
    uint32_t height;       /* pixels, or as the packet kind defines */
    uint32_t format;       /* enum pixfmt; in the packet ring the packet kind */
    uint32_t flags;        /* PIXFMT_BOTTOM_UP, PIXFMT_LIMITED */
    uint64_t frame;        /* number of the frame shown; in the frame ring its own number */
    uint64_t event;        /* number of the last event that the image shows; 0: unknown */
    uint64_t captured_ns;  /* CLOCK_MONOTONIC when the frame was complete */
    uint64_t published_ns; /* CLOCK_MONOTONIC when it was published in this ring */
    uint32_t stride[3];    /* bytes from one row to the next, of each plane; 0: packed */
    uint8_t matrix;        /* ITU-T H.273 matrix coefficients, but 0: unknown */
    uint8_t alpha;         /* 0 straight, or none; 1 premultiplied; 2 to be ignored */
    uint16_t reserved0;
    uint32_t aspect_num, aspect_den; /* width of a pixel to its height; 0: square */
    uint32_t extra_bytes; /* of a packet: more data at the next multiple of 8 after the first */
    uint8_t reserved[36];
};

/* shmfmt_events.lock: a process waits for the lock. */
#define SHMFMT_LOCK_WAITED (UINT32_C(1) << 31)

/* The event log: many writers, one at a time, and many readers with a cursor each. */
struct shmfmt_events {
    _Atomic uint64_t head;   /* number of the last event; event n is in record (n - 1) % events */
    _Atomic uint32_t wake;   /* futex: changes with each batch and with header.state */
    _Atomic uint32_t lock;   /* 1 + the owner's lock slot, with SHMFMT_LOCK_WAITED; 0: unlocked */
    _Atomic uint64_t notify; /* not 0: a reader polls; stream_notify follows a change of wake */
    uint8_t reserved[40];
};

/* The words are atomic: a reader that is overrun reads old or new words, without a data race. */
struct shmfmt_event {
    _Atomic uint64_t seq;      /* number of the event, from 1; 0 while it is being written */
    _Atomic uint64_t words[7]; /* struct shmfmt_event_body */
};

/* struct event in events.h describes the members. */
struct shmfmt_event_body {
    uint64_t time_ns; /* CLOCK_MONOTONIC */
    uint16_t type;    /* enum event_type */
    uint16_t modifiers;
    uint16_t button;
    uint16_t buttons;
    uint32_t viewer;
    uint32_t pointer;
    union {
        struct {
            float x, y, dx, dy;
        } at; /* pointer and wheel events */
        struct {
            uint32_t width, height;
            float ratio;
        } size;       /* resize */
        char key[32]; /* key_down, key_up, char, cursor: UTF-8, NUL padded */
        struct {
            float x, y, z;
            uint32_t node;
        } node;      /* node_drag, node_drop */
        uint32_t on; /* layout_pause */
        struct {
            uint32_t node;
            char name[28]; /* UTF-8, NUL padded */
        } named;           /* node_select, node_find */
    };
};

#endif
