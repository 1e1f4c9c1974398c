#include "image/jpeghead.h"
#include <string.h>

enum {
    SOI_BYTES = 2,
    SIZE_AT = 5,
    SIZE_BYTES = 4,
    SOF0 = 0xc0,
    SOS = 0xda,
    APP0 = 0xe0,
    COM = 0xfe
};

struct segment {
    int marker;
    size_t at, bytes; /* with its marker */
};

/* The segment at an offset, within bytes. Each byte is read once. false: there is none. */
static bool segment_at(const volatile uint8_t *jpeg, size_t bytes, size_t at, struct segment *out)
{
    if (at >= bytes || bytes - at < 4 || jpeg[at] != 0xff)
        return false;
    size_t length = (size_t)jpeg[at + 2] << 8 | jpeg[at + 3];
    *out = (struct segment){.marker = jpeg[at + 1], .at = at, .bytes = length + 2};
    return length >= 2 && length <= bytes - at - 2;
}

char *jpeghead_comment(void *jpeg, size_t bytes, size_t *length)
{
    struct segment segment;
    for (size_t at = SOI_BYTES; segment_at(jpeg, bytes, at, &segment); at += segment.bytes) {
        if (segment.marker == COM) {
            *length = segment.bytes - JPEGHEAD_COM;
            return (char *)jpeg + at + JPEGHEAD_COM;
        }
        if (segment.marker == SOS)
            break;
    }
    return NULL;
}

bool jpeghead_find(struct jpeghead *head, const uint8_t *jpeg, size_t bytes)
{
    struct segment segment;
    *head = (struct jpeghead){.comment = SOI_BYTES, .rest = SOI_BYTES};
    for (size_t at = SOI_BYTES; segment_at(jpeg, bytes, at, &segment); at += segment.bytes) {
        size_t end = at + segment.bytes;
        if (at == SOI_BYTES && segment.marker == APP0)
            head->comment = head->rest = end;
        else if (segment.marker == COM && head->comment == head->rest) {
            head->comment = at;
            head->rest = end;
        } else if (segment.marker == SOF0 && segment.bytes >= SIZE_AT + SIZE_BYTES) {
            head->frame = at;
        } else if (segment.marker == SOS) {
            head->bytes = end;
            return head->frame != 0;
        }
    }
    return false;
}

void jpeghead_resize(const struct jpeghead *head, uint8_t *jpeg, uint32_t width, uint32_t height)
{
    uint8_t *size = jpeg + head->frame + SIZE_AT;
    size[0] = (uint8_t)(height >> 8);
    size[1] = (uint8_t)height;
    size[2] = (uint8_t)(width >> 8);
    size[3] = (uint8_t)width;
}

size_t jpeghead_write(const struct jpeghead *head, const uint8_t *jpeg, uint32_t width,
                      uint32_t height, const char *comment, size_t length, uint8_t *out)
{
    const uint8_t com[JPEGHEAD_COM] = {0xff, COM, (uint8_t)((length + 2) >> 8),
                                       (uint8_t)(length + 2)};
    size_t at = head->comment + sizeof com + length;
    memcpy(out, jpeg, head->comment);
    memcpy(out + head->comment, com, sizeof com);
    memcpy(out + head->comment + sizeof com, comment, length);
    memcpy(out + at, jpeg + head->rest, head->bytes - head->rest);
    struct jpeghead moved = {.frame = head->frame < head->rest ? head->frame
                                                               : head->frame - head->rest + at};
    jpeghead_resize(&moved, out, width, height);
    return at + head->bytes - head->rest;
}
