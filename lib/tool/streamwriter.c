#include "tool/streamwriter.h"
#include "claim.h"
#include "stream.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

static int take(struct streamwriter *writer, struct stream *stream, bool borrowed)
{
    writer->opened++;
    writer->stream = stream;
    writer->borrowed = borrowed;
    writer->ring = stream ? ring_open_writer(stream, writer->channel) : NULL;
    return writer->ring ? 0 : -1;
}

int streamwriter_open(struct streamwriter *writer, const char *name, enum ring_channel channel)
{
    writer->name = name;
    writer->channel = channel;
    return take(writer, stream_attach(name, STREAM_WRITE), false);
}

int streamwriter_join(struct streamwriter *writer, struct stream *stream, const char *name,
                      enum ring_channel channel)
{
    writer->name = name;
    writer->channel = channel;
    return take(writer, stream, true);
}

void streamwriter_close(struct streamwriter *writer)
{
    int err = errno;
    ring_close(writer->ring);
    if (!writer->borrowed)
        stream_close(writer->stream);
    writer->ring = NULL;
    writer->stream = NULL;
    errno = err;
}

void *streamwriter_begin(struct streamwriter *writer)
{
    for (;;) {
        void *slot = ring_begin(writer->ring);
        if (slot || errno != ESTALE || writer->borrowed)
            return slot;
        streamwriter_close(writer);
        if (streamwriter_open(writer, writer->name, writer->channel)) {
            if (errno == ENOENT) /* the new stream was removed meanwhile */
                errno = EIDRM;
            return NULL;
        }
    }
}

const char *streamwriter_problem(const struct streamwriter *writer, int err)
{
    static char line[96];
    struct claim_info other;
    unsigned claim = writer->channel == RING_FRAMES ? SHMFMT_CLAIM_FRAMES : SHMFMT_CLAIM_PACKETS;
    if (err != EBUSY || !writer->stream || claim_identify(writer->stream, claim, &other) != 1)
        return stream_problem(err);
    if (!other.pid)
        return "already written by another process";
    snprintf(line, sizeof line, "already written by pid %" PRIu32 " (%s)", other.pid,
             other.command);
    return line;
}
