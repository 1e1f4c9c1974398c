#include "picture.h"
#include "image/jpeghead.h"
#include "monotonic.h"
#include "ring.h"
#include <errno.h>
#include <string.h>

/* All tiles of both kinds of pictures are to be encoded, and change in this packet. */
static int begin_series(struct picture *p, const struct image *image, uint64_t number)
{
    for (int kind = 0; kind < PICTURE_KINDS; kind++)
        if (p->wanted[kind].quality &&
            tilechain_begin(&p->chains[kind], image, p->wanted[kind].sampling, number))
            return -1;
    p->series_quality = p->quality;
    p->tiled = true;
    return 0;
}

int picture_look(struct picture *p, const struct image *image, uint64_t number)
{
    const struct damage *damage = &p->damage;
    switch (damage_look(&p->damage, image, p->wanted[PICTURE_BASE].sampling)) {
    case DAMAGE_MOTION:
        p->tiled = false;
        return 1;
    case DAMAGE_NEW:
        return begin_series(p, image, number) ? -1 : 1;
    case DAMAGE_TILES:
        for (int kind = 0; kind < PICTURE_KINDS && damage->marked; kind++)
            if (p->wanted[kind].quality)
                tilechain_mark(&p->chains[kind], &damage->tiling, damage->marks, number);
        return damage->marked != 0;
    default:
        return -1;
    }
}

bool picture_current(const struct picture *p)
{
    return p->tiled && !tilechain_dirty(&p->chains[PICTURE_BASE]);
}

bool picture_sharpens(const struct picture *p)
{
    const struct picture_quality *base = &p->wanted[PICTURE_BASE],
                                 *sharp = &p->wanted[PICTURE_SHARP];
    uint32_t format = p->damage.last.format;
    bool finer =
        sharp->sampling < base->sampling && !pixfmt_is_yuv(format) && format != PIXFMT_GRAY8;
    return p->quality == base->quality &&
           (sharp->quality > base->quality || (sharp->quality == base->quality && finer));
}

/* A whole picture. The comment is written before the frame is encoded: its time is updated. */
static size_t encode_whole(struct picture *p, const struct image *image,
                           struct jpegcomment *comment, const struct picture_room *room)
{
    char text[JPEGCOMMENT_MAX];
    comment->published_ns = monotonic_ns();
    jpegcomment_text(text, comment);
    size_t length, bytes = jpeg_encode(p->jpeg, image, p->quality, p->wanted[PICTURE_BASE].sampling,
                                       text, room->data, room->bytes);
    char *written = bytes ? jpeghead_comment(room->data, bytes, &length) : NULL;
    comment->published_ns = monotonic_ns();
    if (written && length == jpegcomment_text(text, comment)) /* not if the seconds have just gained
                                                                 a digit */
        memcpy(written, text, length);
    return bytes;
}

static size_t encode_tiles(struct picture *p, enum picture_kind kind, const struct image *image,
                           struct jpegcomment *comment, struct picture_room *room)
{
    struct tilechain *chain = &p->chains[kind];
    char text[JPEGCOMMENT_MAX];
    int quality = kind == PICTURE_BASE ? p->quality : p->wanted[kind].quality;
    if (tilechain_encode(chain, p->jpeg, image, quality, p->wanted[kind].sampling))
        return 0;
    comment->published_ns = monotonic_ns();
    size_t length = jpegcomment_text(text, comment);
    size_t bytes = tilechain_bytes(chain, length), table = tiletable_bytes(chain->tiles);
    if (bytes > room->bytes) {
        errno = ENOSPC;
        return 0;
    }
    tilechain_write(chain, text, length, room->data);
    if (room->tables && bytes <= UINT32_MAX && ring_extra_at(bytes) + table <= room->bytes) {
        void *extra = (uint8_t *)room->data + ring_extra_at(bytes);
        tilechain_table(chain, kind == PICTURE_SHARP ? TILETABLE_SHARP : 0, length, extra);
        room->extra = table;
    }
    return bytes;
}

size_t picture_encode(struct picture *p, enum picture_kind kind, const struct image *image,
                      uint64_t number, struct jpegcomment *comment, struct picture_room *room)
{
    room->extra = 0;
    if (kind == PICTURE_BASE && !p->tiled)
        return encode_whole(p, image, comment, room);
    bool keep = !p->tiled; /* full motion has just ended */
    if (keep && damage_keep(&p->damage, image, p->wanted[PICTURE_BASE].sampling) == DAMAGE_FAILED)
        return 0;
    if ((keep || (kind == PICTURE_BASE && p->series_quality != p->quality)) &&
        begin_series(p, image, number))
        return 0;
    return encode_tiles(p, kind, image, comment, room);
}

void picture_forget(struct picture *p)
{
    damage_forget(&p->damage);
    p->tiled = false;
}

void picture_free(struct picture *p)
{
    damage_free(&p->damage);
    for (int kind = 0; kind < PICTURE_KINDS; kind++)
        tilechain_free(&p->chains[kind]);
}
