#include "image/jpegcomment.h"
#include "pixfmt.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)

uint32_t jpegcomment_clock(const uint8_t boot_id[16])
{
    uint32_t clock = 0;
    for (int i = 0; i < 4; i++)
        clock = clock << 8 | boot_id[i];
    return clock ? clock : 1;
}

size_t jpegcomment_text(char out[JPEGCOMMENT_MAX], const struct jpegcomment *c)
{
    int n =
        snprintf(out, JPEGCOMMENT_MAX,
                 "shmcast seq=%" PRIu64 " frame=%" PRIu64 " event=%" PRIu64 " captured=%" PRIu64
                 ".%09" PRIu64 " published=%" PRIu64 ".%09" PRIu64 " clock=%08" PRIx32,
                 c->sequence, c->frame, c->event, c->captured_ns / SECOND, c->captured_ns % SECOND,
                 c->published_ns / SECOND, c->published_ns % SECOND, c->clock);
    if (c->aspect_num)
        n += snprintf(out + n, (size_t)(JPEGCOMMENT_MAX - n), " aspect=%" PRIu32 ":%" PRIu32,
                      c->aspect_num, c->aspect_den);
    return (size_t)n;
}

bool jpegcomment_parse(const void *text, size_t bytes, struct jpegcomment *out)
{
    char line[JPEGCOMMENT_MAX];
    uint64_t captured[2], published[2];
    if (bytes >= sizeof line)
        return false;
    memcpy(line, text, bytes);
    line[bytes] = 0;
    *out = (struct jpegcomment){0};
    /* At most 19 digits and ten-digit seconds, so that no number overflows. */
    int found =
        sscanf(line,
               "shmcast seq=%19" SCNu64 " frame=%19" SCNu64 " event=%19" SCNu64
               " captured=%10" SCNu64 ".%9" SCNu64 " published=%10" SCNu64 ".%9" SCNu64
               " clock=%8" SCNx32 " aspect=%9" SCNu32 ":%9" SCNu32,
               &out->sequence, &out->frame, &out->event, &captured[0], &captured[1], &published[0],
               &published[1], &out->clock, &out->aspect_num, &out->aspect_den);
    if (found < 7)
        return false;
    if (!pixfmt_aspect_known(out->aspect_num, out->aspect_den))
        out->aspect_num = out->aspect_den = 0;
    out->captured_ns = captured[0] * SECOND + captured[1];
    out->published_ns = published[0] * SECOND + published[1];
    return out->published_ns >= out->captured_ns;
}
