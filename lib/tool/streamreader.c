#include "tool/streamreader.h"
#include "stream.h"
#include "tool/cli.h"
#include <errno.h>
#include <inttypes.h>

enum { CHANNELS = sizeof(((struct streamreader *)0)->rings) / sizeof(struct ring *) };

int streamreader_open(struct streamreader *reader, const char *name, unsigned parts)
{
    *reader = (struct streamreader){.name = name, .parts = parts, .opened = reader->opened + 1};
    reader->stream = stream_attach(name, parts & STREAMREADER_WRITE ? STREAM_WRITE : STREAM_READ);
    if (!reader->stream)
        return -1;
    for (unsigned channel = 0; channel < CHANNELS; channel++) {
        if (!(parts >> channel & 1))
            continue;
        reader->rings[channel] = ring_open_reader(reader->stream, channel);
        if (!reader->rings[channel])
            return -1;
    }
    if ((parts & STREAMREADER_NETS) == STREAMREADER_NETS)
        ring_set_packet_kind(reader->rings[RING_PACKETS], SHMFMT_PACKET_NET);
    return 0;
}

void streamreader_close(struct streamreader *reader)
{
    for (unsigned channel = 0; channel < CHANNELS; channel++) {
        ring_close(reader->rings[channel]);
        reader->rings[channel] = NULL;
    }
    stream_close(reader->stream);
    reader->stream = NULL;
}

int streamreader_follow(struct streamreader *reader)
{
    if (errno != ESTALE)
        return -1;
    uint64_t generation = stream_header(reader->stream)->generation, cursor = reader->cursor;
    streamreader_close(reader);
    if (streamreader_open(reader, reader->name, reader->parts) == 0) {
        if (stream_header(reader->stream)->generation == generation)
            reader->cursor = cursor;
        return STREAMREADER_REPLACED;
    }
    if (errno == ENOENT)
        errno = EIDRM;
    return -1;
}

int streamreader_check(struct streamreader *reader)
{
    return stream_alive(reader->stream) == 0 ? 0 : streamreader_follow(reader);
}

void streamreader_report(struct ring *ring, const char *name)
{
    uint64_t count = ring_unknown(ring);
    if (count)
        cli_warn("%s: skipped %" PRIu64 " image%s of unknown size, format or flags; use the same "
                 "version of shmcast for all programs",
                 name, count, count == 1 ? "" : "s");
}

int streamreader_pin(struct streamreader *reader, enum ring_channel channel, struct ring_view *view)
{
    int got = ring_pin(reader->rings[channel], reader->seen[channel], view);
    if (got < 0)
        return streamreader_follow(reader);
    if (got > 0)
        reader->seen[channel] = view->meta.number;
    else
        streamreader_report(reader->rings[channel], reader->name);
    return got;
}

int streamreader_wait(struct streamreader *reader, enum ring_channel channel,
                      const struct timespec *deadline)
{
    int got = ring_wait(reader->rings[channel], reader->seen[channel], deadline);
    return got < 0 ? streamreader_follow(reader) : got;
}
