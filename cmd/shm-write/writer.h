/* The way of images from standard input into the stream, whatever they are. */
#ifndef SHM_WRITE_WRITER_H
#define SHM_WRITE_WRITER_H

#include <stdbool.h>
#include <stdint.h>
#include "image/imgreader.h"
#include "tool/ratelimit.h"
#include "tool/streamwriter.h"

struct tally {
    uint64_t at_ns;
    uint64_t published, bytes, dropped, unchanged; /* totals */
};

struct writer {
    struct streamwriter out; /* without a ring while another process has the claim */
    struct imgreader *in;
    struct ratelimit rate;
    bool bottom_up, skip_unchanged, verbose;
    int code;                        /* exit code */
    struct tally begun, second, now; /* at the start, at the last report, now */
};

/* Takes the claim of this channel, in place of the other one's. false: time to end, as in all these
 * functions. */
bool writer_claim(struct writer *w, enum ring_channel channel);

/* Sets *slot to a free slot, or NULL if there is none. */
bool writer_begin(struct writer *w, void **slot);

/* Waits until the rate limit allows the next image. */
bool writer_pace(struct writer *w);

/* Count an image: published, or left out because it equals the last one, or dropped. */
void writer_commit(struct writer *w, struct ring_meta *meta);
void writer_skip(struct writer *w);
void writer_drop(struct writer *w);

/* Reports that the input cannot be read further. */
bool writer_read_failed(struct writer *w);

/* Reports that the input has ended without an image. */
void writer_ended(struct writer *w);

/* With -v reports rates and drops: writer_report once per second, writer_sum for all images. */
void writer_report(struct writer *w);
void writer_sum(struct writer *w);

/* Write all images: head is that of the first one, got its result. */
void write_frames(struct writer *w, struct imgreader_head *head, int got);
void write_jpegs(struct writer *w);

#endif
