#include "image/jpegreader.h"
#include "image/imginput.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROOM = 1 << 20,  /* bytes of data at first: several JPEGs, as the beginning of one is moved to
                        the front when the room ends */
    LEAST = 1 << 16, /* free bytes for a read */
    MOST = 1 << 17,  /* bytes of a read, which stay in the cache */
    SEGMENTS = 1 << 18, /* room for two segments and a read */
    NO_JPEG = 1 << 16   /* bytes without a JPEG at the start that are refused */
};

void jpegreader_free(struct jpegreader *reader)
{
    free(reader->data);
}

size_t jpegreader_bytes(const struct jpegreader *reader)
{
    return reader->dropped + reader->scan.at;
}

/* Moves the unread part to the front, if it must or costs nothing, or enlarges data, so that LEAST
 * bytes can be read. */
static int make_room(struct jpegreader *reader)
{
    if (reader->at && (reader->at == reader->end || reader->room - reader->end < LEAST)) {
        memmove(reader->data, reader->data + reader->at, reader->end - reader->at);
        reader->end -= reader->at;
        reader->at = 0;
    }
    if (reader->room - reader->end >= LEAST)
        return 0;
    size_t room = reader->room ? reader->room * 2 : ROOM;
    uint8_t *data = realloc(reader->data, room);
    if (!data)
        return imginput_fail(reader->input, ENOMEM, "%s", strerror(ENOMEM));
    reader->data = data;
    reader->room = room;
    return 0;
}

/* Returns the number of bytes read, 0 at the end, or -1. */
static ssize_t more(struct jpegreader *reader)
{
    if (make_room(reader))
        return -1;
    size_t space = reader->room - reader->end;
    ssize_t n =
        imginput_some(reader->input, reader->data + reader->end, space < MOST ? space : MOST);
    if (n > 0)
        reader->end += (size_t)n;
    return n;
}

/* Skips to FF D8 FF. false: more must be read. */
static bool find_start(struct jpegreader *reader)
{
    static const uint8_t start[] = {0xff, 0xd8, 0xff};
    const uint8_t *found =
        reader->end > reader->at
            ? memmem(reader->data + reader->at, reader->end - reader->at, start, sizeof start)
            : NULL;
    if (!found) { /* the last two bytes may begin it */
        reader->at = reader->end - reader->at > 2 ? reader->end - 2 : reader->at;
        return false;
    }
    reader->at = (size_t)(found - reader->data);
    reader->inside = true;
    reader->scan = (struct jpegscan){0};
    reader->dropped = 0;
    return true;
}

static int ended(struct jpegreader *reader)
{
    struct imginput *in = reader->input;
    if (!reader->inside && in->frame == 1)
        imginput_fail(in, ENODATA, "no JPEG");
    if (!reader->inside)
        return JPEGREADER_END;
    return imginput_fail(in, ENODATA, "cut off: ends after %zu bytes of JPEG %" PRIu64,
                         reader->dropped + reader->end - reader->at, in->frame);
}

/* Continues with the current JPEG. JPEGREADER_END: more must be read. */
static enum jpegreader_result go_on(struct jpegreader *reader, size_t most, const uint8_t **jpeg)
{
    const uint8_t *data = reader->data + reader->at;
    enum jpegscan_state state = jpegscan_more(&reader->scan, data, reader->end - reader->at);
    size_t limit = most > SEGMENTS ? most : SEGMENTS;
    if (state == JPEGSCAN_MORE) {
        if (reader->dropped + reader->end - reader->at > limit) {
            size_t drop = jpegscan_drop(&reader->scan);
            reader->at += drop;
            reader->dropped += drop;
        }
        return JPEGREADER_END;
    }
    reader->at += reader->scan.at;
    reader->inside = false;
    *jpeg = data;
    if (state == JPEGSCAN_DAMAGED)
        return JPEGREADER_DAMAGED;
    return reader->dropped ? JPEGREADER_LARGE : JPEGREADER_JPEG;
}

int jpegreader_next(struct jpegreader *reader, size_t most, const uint8_t **jpeg)
{
    struct imginput *in = reader->input;
    in->frame++;
    for (;;) {
        if (reader->inside || find_start(reader)) {
            enum jpegreader_result got = go_on(reader, most, jpeg);
            if (got)
                return got;
        } else if (in->frame == 1 && in->taken > NO_JPEG) {
            return imginput_fail(in, EILSEQ, "no JPEG in the first %d bytes", NO_JPEG);
        }
        ssize_t n = more(reader);
        if (n <= 0)
            return n < 0 ? -1 : ended(reader);
    }
}
