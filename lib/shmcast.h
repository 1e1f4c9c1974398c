/*
 * libshmcast: frames of this program to web browsers, and the viewers' input back. See shmcast(3).
 *
 * Functions that fail return NULL or -1 with errno, for which shmcast_strerror has a line of text.
 * Of all: ESTALE, another stream has the name (shmcast_follow); EIDRM, the stream was removed;
 * EINVAL, a bad argument; E2BIG, a structure has fields that this library does not know; EROFS, no
 * permission to write to the stream; ECHILD, the handle is from before a fork().
 *
 * Only shmcast_wait waits, and shmcast_inject for the log, which is free within microseconds. The
 * library prints nothing, does not exit, starts no thread, changes no signal, and ignores the
 * locale. If another program truncates the stream, access to it raises SIGBUS.
 *
 * A handle is used by one thread at a time; handles are independent of each other, also those of
 * one stream. A child of fork() has none of its parent's handles.
 *
 * Times are nanoseconds of CLOCK_MONOTONIC. The first field of a structure is its size, set by the
 * caller; fields that are 0 have the default in brackets. "out": set by the library. Later versions
 * append fields.
 */
#ifndef SHMCAST_H
#define SHMCAST_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef struct shmcast_stream shmcast_stream; /* a handle of an attached stream */

/* Parts of a stream, combined by | in shmcast_wait and shmcast_arm. */
enum shmcast_part {
    SHMCAST_FRAMES = 1,  /* raw images */
    SHMCAST_PACKETS = 2, /* JPEGs of them, by shm-encode(1) or by this program */
    SHMCAST_EVENTS = 4,  /* input */
    SHMCAST_DEMAND = 8   /* somebody watches the frames */
};

/* clang-format off */
enum shmcast_format {
    SHMCAST_GRAY8 = 1, SHMCAST_RGB24, SHMCAST_BGR24, SHMCAST_RGBA, SHMCAST_BGRA,
    SHMCAST_YUV420P, SHMCAST_YUV422P, SHMCAST_YUV444P,
    SHMCAST_F32 /* an array, not an image: height rows of width floats */
};

enum shmcast_event_type { /* shmcast-events(5) */
    SHMCAST_POINTER_DOWN = 1, SHMCAST_POINTER_UP, SHMCAST_POINTER_MOVE, SHMCAST_POINTER_ENTER,
    SHMCAST_POINTER_LEAVE, SHMCAST_DOUBLE_CLICK, SHMCAST_WHEEL, SHMCAST_KEY_DOWN, SHMCAST_KEY_UP,
    SHMCAST_RESIZE, SHMCAST_CHAR = 17, SHMCAST_CURSOR
};
/* clang-format on */
enum shmcast_flags {
    SHMCAST_BOTTOM_UP = 1, /* image: the first row in memory is the lowest, as in OpenGL */
    SHMCAST_LIMITED = 2,   /* image: YUV of 16 … 235/240 instead of 0 … 255 */
    SHMCAST_REPLACE = 4,   /* spec: supersede a stream; fields that are 0 keep its values */
    SHMCAST_KEEP = 8,      /* spec: the stream stays when this program ends */
    SHMCAST_OWNED = 16,    /* info: removed when this handle is closed */
    SHMCAST_WRITABLE = 32  /* info: this program may write to the stream */
};

/* Of YUV, by ITU-T H.273; of the fourth channel of rgba and bgra; of events. */
enum shmcast_matrix { SHMCAST_BT709 = 1, SHMCAST_BT601 = 6, SHMCAST_BT2020 = 9 };
enum shmcast_alpha { SHMCAST_ALPHA_STRAIGHT, SHMCAST_ALPHA_PREMULTIPLIED, SHMCAST_ALPHA_IGNORED };
enum shmcast_modifiers { SHMCAST_SHIFT = 1, SHMCAST_CTRL = 2, SHMCAST_ALT = 4, SHMCAST_META = 8 };

struct shmcast_spec { /* of a new stream */
    uint32_t size;
    uint32_t flags;         /* SHMCAST_REPLACE | SHMCAST_KEEP */
    uint32_t width, height; /* pixels of the largest frame [1280, 720] */
    uint32_t format;        /* enum shmcast_format, the default of frames [SHMCAST_RGB24] */
    uint32_t slots;         /* frames and packets held at a time, 2 … 64 [4] */
    uint32_t events;        /* events that the log holds [65536] */
    uint32_t mode;          /* permissions [0600] */
    uint64_t packet_bytes;  /* room for a packet [that of a yuv420p frame and 64 KiB] */
};

struct shmcast_info { /* out */
    uint32_t size;
    uint32_t flags;         /* SHMCAST_OWNED | SHMCAST_WRITABLE */
    uint32_t width, height; /* pixels of the largest frame */
    uint32_t format;        /* enum shmcast_format, the default of frames */
    uint32_t slots, events, reserved;
    uint64_t generation;                /* changes when the stream is replaced */
    uint64_t frame_bytes, packet_bytes; /* room for one */
};

struct shmcast_image { /* a frame or a packet */
    uint32_t size;
    uint32_t width, height;          /* pixels; of a frame to be published [the stream's] */
    uint32_t format;                 /* enum shmcast_format [the stream's]; of a packet 0: JPEG */
    uint32_t flags;                  /* SHMCAST_BOTTOM_UP | SHMCAST_LIMITED */
    uint32_t stride[3];              /* bytes from row to row of each plane [no padding] */
    uint32_t matrix;                 /* enum shmcast_matrix [unspecified: BT.601] */
    uint32_t alpha;                  /* enum shmcast_alpha */
    uint32_t aspect_num, aspect_den; /* width and height of a pixel [square] */
    uint64_t event;       /* number of the last event that it shows [last by shmcast_events] */
    uint64_t captured_ns; /* [now] */
    uint64_t frame; /* of a packet: number of the frame it shows; of a frame: out, as number */
    uint64_t number, published_ns; /* out; 1, 2, 3 … for the life of the stream */
    uint64_t bytes;                /* of the data: of a frame out, of a packet to be published in */
    uint64_t capacity;             /* out: bytes that the slot has room for */
    uint64_t offset[3];            /* out: bytes from data to each plane of a frame */
    void *data;                    /* out: shared memory; of a pinned image not to be written to */
};

struct shmcast_event {        /* which fields a type has: shmcast-events(5) */
    uint64_t number, time_ns; /* out: position in the log, from 1; [now] */
    uint32_t type;            /* enum shmcast_event_type; others are to be ignored */
    uint32_t modifiers;       /* SHMCAST_SHIFT | … */
    uint32_t button;          /* the one that changed: 1 left, 2 right, 3 middle, 4, 5 */
    uint32_t buttons;         /* those held: bit button - 1 */
    uint32_t viewer;          /* number of the viewer that sent it, or 0 */
    uint32_t pointer;         /* number of the finger or pen; 0: the mouse */
    float x, y;               /* 0 … 1 from the left and top edge; beyond them during a drag */
    float dx, dy;             /* wheel: pixels, positive to the right and towards the user */
    uint32_t width, height;   /* resize: pixels requested */
    float ratio;              /* resize: device pixels per CSS pixel */
    float z;
    uint32_t node, on; /* of networks, shmcast-net(5) */
    char key[36];      /* DOM key, text of char, CSS name of cursor: UTF-8, up to 32 bytes, NUL */
};

/* "0.1.0". A line of text for an errno; it lives until this thread calls the library again. */
const char *shmcast_version(void);
const char *shmcast_strerror(int err);

/*
 * Creates a stream and attaches it; spec may be NULL. It is removed by shmcast_close or at exit. If
 * this program is killed, the stream stays until the next shmcast_create of its name, to which the
 * viewers then move, or shm-rm --orphans. EEXIST; ENOSPC: no room in /dev/shm.
 */
shmcast_stream *shmcast_create(const char *name, const struct shmcast_spec *spec);
shmcast_stream *shmcast_attach(const char *name);       /* ENOENT, EACCES, EPROTONOSUPPORT, … */
void shmcast_close(shmcast_stream *stream);             /* NULL is allowed; errno survives */
const char *shmcast_name(const shmcast_stream *stream); /* lives as long as the handle */
int shmcast_info(const shmcast_stream *stream, struct shmcast_info *info);

/* After ESTALE: attaches the stream that has the name now; its events are read from the first on.
 * Images begun or pinned before are gone: their data must no longer be used. */
int shmcast_follow(shmcast_stream *stream);

/* Supersedes the stream by a larger or smaller one, which the handle then has; as shmcast_follow
 * for images and events. What spec leaves 0 stays. If it fails the handle has the old stream. */
int shmcast_replace(shmcast_stream *stream, const struct shmcast_spec *spec);

/*
 * To publish an image: begin, write to image->data, publish. part: SHMCAST_FRAMES or
 * SHMCAST_PACKETS. Begin takes a free slot; for a frame of the image's size, format and strides it
 * sets the strides, offsets and bytes. Publish may be given other values, which are checked again;
 * the slot stays begun if it fails. EAGAIN: all slots are in use, the image is counted as dropped;
 * EMSGSIZE: it does not fit (shmcast_replace); EBUSY: another program publishes here.
 */
int shmcast_begin(shmcast_stream *stream, enum shmcast_part part, struct shmcast_image *image);
int shmcast_publish(shmcast_stream *stream, enum shmcast_part part, struct shmcast_image *image);
void shmcast_abort(shmcast_stream *stream, enum shmcast_part part);

/* Pins the newest image unless it was pinned last: 1, or 0 if there is none. It stays whole until
 * the next one is pinned, shmcast_release, or the end of the handle. */
int shmcast_pin(shmcast_stream *stream, enum shmcast_part part, struct shmcast_image *image);
void shmcast_release(shmcast_stream *stream, enum shmcast_part part);
/* Whether this handle wants new images, as it does from its first shmcast_pin on. */
int shmcast_want(shmcast_stream *stream, enum shmcast_part part, int want);
/* Whether anybody wants new frames or packets, this handle included: 1 or 0. */
int shmcast_wanted(shmcast_stream *stream, enum shmcast_part part);

/*
 * Reads up to count events of event_size bytes each (sizeof *events): those since the handle
 * attached, in order. Returns their number, 0 if there are none. *missed, unless NULL: events that
 * were overwritten before, or invalid. shmcast_seek: reads from the one after number on, 0: from
 * the oldest in the log. shmcast_coalesce merges moves and wheel steps that follow each other, and
 * returns how many events are left.
 */
long shmcast_events(shmcast_stream *stream, struct shmcast_event *events, size_t event_size,
                    size_t count, uint64_t *missed);
int shmcast_seek(shmcast_stream *stream, uint64_t number);
size_t shmcast_coalesce(struct shmcast_event *events, size_t event_size, size_t count);

/* Appends events, with none between them, and sets number and time_ns. EINVAL: one is invalid. */
int shmcast_inject(shmcast_stream *stream, struct shmcast_event *events, size_t event_size,
                   size_t count);
const char *shmcast_event_name(uint32_t type); /* "pointer_down" …; NULL: no such type */
uint32_t shmcast_event_type(const char *name); /* the reverse; 0: no such type */

/* Sleeps until parts has news: an image that was not pinned last, an event to read, demand. Returns
 * the parts that have, or 0 after timeout_ns (< 0: no limit). EINTR: a signal arrived. */
int shmcast_wait(shmcast_stream *stream, unsigned parts, int64_t timeout_ns);

/* A descriptor for poll(2), readable when there is news; the same for the life of the handle, which
 * closes it. shmcast_arm, before looking for news and each time the descriptor was readable: then
 * news of these parts, and ESTALE or EIDRM, make it readable again. EROFS: use shmcast_wait. */
int shmcast_fd(shmcast_stream *stream);
int shmcast_arm(shmcast_stream *stream, unsigned parts);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
