#include "image/imghead.h"
#include "image/imginput.h"
#include "pixfmt.h"
#include "shmfmt.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

bool imghead_number(const char *text, uint64_t max, uint64_t *out)
{
    char *end;
    errno = 0;
    unsigned long long n = strtoull(text, &end, 10);
    *out = n;
    return *text >= '0' && *text <= '9' && *end == 0 && errno == 0 && n <= max;
}

int imghead_side(struct imginput *in, const char *what, const char *text, uint32_t *out)
{
    uint64_t n;
    if (!imghead_number(text, SHMFMT_SIDE_MAX, &n) || n == 0)
        return imginput_fail(in, EILSEQ,
                             "byte %" PRIu64 ": %s %.20s of frame %" PRIu64 " must be from 1 to %d",
                             imginput_offset(in), what, text, in->frame, SHMFMT_SIDE_MAX);
    *out = (uint32_t)n;
    return 0;
}

void imghead_event(struct imgreader_head *head, const char *comment, const char *key)
{
    size_t bytes = strlen(key);
    for (const char *p = comment; (p = strstr(p, key)); p += bytes) {
        size_t digits = strspn(p + bytes, "0123456789");
        if (digits && (p == comment || strchr(" \t", p[-1])) &&
            strchr(" \t\r", p[bytes + digits])) {
            errno = 0;
            uint64_t n = strtoull(p + bytes, NULL, 10);
            head->event = errno ? 0 : n;
        }
    }
}

struct image imghead_image(const struct imgreader_head *head, const void *data)
{
    struct image image = head->image;
    image.data = data;
    return image;
}

bool imghead_ratio(const char *text, uint32_t *num, uint32_t *den)
{
    char first[16];
    uint64_t across, down;
    size_t length = strcspn(text, ":");
    if (length >= sizeof first || !text[length])
        return false;
    memcpy(first, text, length);
    first[length] = 0;
    if (!imghead_number(first, UINT32_MAX, &across) ||
        !imghead_number(text + length + 1, UINT32_MAX, &down))
        return false;
    *num = (uint32_t)across;
    *den = (uint32_t)down;
    return across && down;
}

void imghead_aspect(struct image *image, uint32_t num, uint32_t den)
{
    uint32_t divisor = num, rest = den;
    while (rest) {
        uint32_t next = divisor % rest;
        divisor = rest;
        rest = next;
    }
    num /= divisor;
    den /= divisor;
    while (num > PIXFMT_ASPECT_MAX || den > PIXFMT_ASPECT_MAX) {
        num = num / 2 + !(num / 2);
        den = den / 2 + !(den / 2);
    }
    image->aspect_num = num == den ? 0 : num;
    image->aspect_den = num == den ? 0 : den;
}

int imghead_settle(struct imginput *in, struct imgreader_head *head)
{
    head->bytes = pixfmt_bytes(head->image.format, head->image.width, head->image.height);
    if (!head->bytes)
        return imginput_fail(in, EILSEQ, "byte %" PRIu64 ": frame %" PRIu64 " has no size",
                             imginput_offset(in), in->frame);
    return 0;
}
