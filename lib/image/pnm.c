#include "image/pnm.h"
#include "pixfmt.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { WORD = 24, MAXVAL = 65535 };

bool pnm_is_space(int c)
{
    return c > 0 && strchr(" \t\r\n\v\f", c);
}

/* The next word of a header other than PAM's, and the byte after it. */
static int read_word(struct imginput *in, struct imgreader_head *head, char word[WORD])
{
    char comment[IMGINPUT_LINE];
    for (int n = 0;;) {
        int c = imginput_header_byte(in);
        if (c < 0)
            return -1;
        if (c == '#') {
            if (imginput_comment(in, comment) < 0)
                return -1;
            imghead_event(head, comment, "event=");
            c = '\n';
        }
        if (pnm_is_space(c)) {
            word[n] = 0;
            if (n)
                return 0;
        } else if (c < '0' || c > '9' || n == WORD - 1) {
            return imginput_fail(
                in, EILSEQ, "byte %" PRIu64 ": the header of PNM frame %" PRIu64 " is malformed",
                imginput_offset(in) - 1, in->frame);
        } else {
            word[n++] = (char)c;
        }
    }
}

/* Prepares samples of a maxval. 0, or -1. */
static int set_maxval(struct imginput *in, const struct imgreader_head *head, struct imgconvert *c,
                      enum imgconvert_kind kind, const char *text)
{
    uint64_t maxval;
    if (!imghead_number(text, MAXVAL, &maxval) || maxval == 0)
        return imginput_fail(in, EILSEQ,
                             "byte %" PRIu64 ": maxval %.20s of PNM frame %" PRIu64
                             " must be from 1 to %d",
                             imginput_offset(in), text, in->frame, MAXVAL);
    if (maxval == 255 && kind == IMGCONVERT_SAMPLES)
        kind = IMGCONVERT_NONE;
    imgconvert_set(c, kind, maxval > 255 ? IMGCONVERT_BIG : IMGCONVERT_BYTES, head);
    if (kind != IMGCONVERT_NONE)
        imgconvert_table(c, (uint32_t)maxval, false);
    return 0;
}

static int read_size(struct imginput *in, struct imgreader_head *head)
{
    char word[WORD];
    if (read_word(in, head, word) || imghead_side(in, "width", word, &head->image.width) ||
        read_word(in, head, word) || imghead_side(in, "height", word, &head->image.height))
        return -1;
    return imghead_settle(in, head);
}

static int bitmap_header(struct imginput *in, struct imgreader_head *head, struct imgconvert *c,
                         enum imgconvert_kind kind)
{
    head->image.format = PIXFMT_GRAY8;
    if (read_size(in, head))
        return -1;
    imgconvert_set(c, kind, IMGCONVERT_BYTES, head);
    return 1;
}

static int graymap_header(struct imginput *in, struct imgreader_head *head, struct imgconvert *c,
                          enum imgconvert_kind kind, uint32_t format)
{
    char word[WORD];
    head->image.format = format;
    if (read_size(in, head) || read_word(in, head, word) || set_maxval(in, head, c, kind, word))
        return -1;
    return 1;
}

struct pam_fields {
    char depth[WORD], type[WORD], maxval[WORD];
};

/* Reads a line per field, up to ENDHDR. 0, or -1. */
static int read_pam_fields(struct imginput *in, struct imgreader_head *head, struct pam_fields *f)
{
    char line[IMGINPUT_LINE];
    for (;;) {
        if (imginput_header_line(in, line) < 0)
            return -1;
        char *rest, *key = strtok_r(line, " \t\r", &rest);
        if (!key)
            continue;
        if (*key == '#') {
            imghead_event(head, key + 1, "event=");
            imghead_event(head, rest, "event=");
            continue;
        }
        if (!strcmp(key, "ENDHDR"))
            return 0;
        char *value = strtok_r(NULL, " \t\r", &rest);
        if (!value)
            value = key + strlen(key);
        if (!strcmp(key, "WIDTH") && imghead_side(in, "width", value, &head->image.width))
            return -1;
        else if (!strcmp(key, "HEIGHT") && imghead_side(in, "height", value, &head->image.height))
            return -1;
        else if (!strcmp(key, "DEPTH"))
            snprintf(f->depth, sizeof f->depth, "%s", value);
        else if (!strcmp(key, "MAXVAL"))
            snprintf(f->maxval, sizeof f->maxval, "%s", value);
        else if (!strcmp(key, "TUPLTYPE"))
            snprintf(f->type, sizeof f->type, "%s", value);
    }
}

static int pam_header(struct imginput *in, struct imgreader_head *head, struct imgconvert *c)
{
    static const struct {
        const char *depth, *type;
        uint32_t format;
        enum imgconvert_kind kind;
    } known[] = {{"1", "GRAYSCALE", PIXFMT_GRAY8, IMGCONVERT_SAMPLES},
                 {"1", "BLACKANDWHITE", PIXFMT_GRAY8, IMGCONVERT_SAMPLES},
                 {"2", "GRAYSCALE_ALPHA", PIXFMT_RGBA, IMGCONVERT_GRAY_ALPHA},
                 {"2", "BLACKANDWHITE_ALPHA", PIXFMT_RGBA, IMGCONVERT_GRAY_ALPHA},
                 {"3", "RGB", PIXFMT_RGB24, IMGCONVERT_SAMPLES},
                 {"4", "RGB_ALPHA", PIXFMT_RGBA, IMGCONVERT_SAMPLES}};
    struct pam_fields f = {"", "", ""};
    head->image.width = head->image.height = 0;
    if (read_pam_fields(in, head, &f))
        return -1;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (!strcmp(f.depth, known[i].depth) && (!*f.type || !strcmp(f.type, known[i].type))) {
            head->image.format = known[i].format;
            if (imghead_settle(in, head) || set_maxval(in, head, c, known[i].kind, f.maxval))
                return -1;
            return 1;
        }
    return imginput_fail(in, EILSEQ,
                         "byte %" PRIu64 ": PAM frame %" PRIu64
                         " has depth %s, type %s: must be 1 GRAYSCALE, 2 GRAYSCALE_ALPHA, 3 RGB or "
                         "4 RGB_ALPHA",
                         imginput_offset(in), in->frame, *f.depth ? f.depth : "?",
                         *f.type ? f.type : "?");
}

int pnm_header(struct imginput *in, struct imgreader_head *head, struct imgconvert *c)
{
    uint64_t begin = imginput_offset(in);
    int p = imginput_header_byte(in);
    int type = p == 'P' ? imginput_header_byte(in) : p;
    if (p < 0 || type < 0)
        return -1;
    switch (p == 'P' ? type : 0) {
    case '1':
        return bitmap_header(in, head, c, IMGCONVERT_TEXT_BITS);
    case '2':
        return graymap_header(in, head, c, IMGCONVERT_TEXT, PIXFMT_GRAY8);
    case '3':
        return graymap_header(in, head, c, IMGCONVERT_TEXT, PIXFMT_RGB24);
    case '4':
        return bitmap_header(in, head, c, IMGCONVERT_BITS);
    case '5':
        return graymap_header(in, head, c, IMGCONVERT_SAMPLES, PIXFMT_GRAY8);
    case '6':
        return graymap_header(in, head, c, IMGCONVERT_SAMPLES, PIXFMT_RGB24);
    case '7':
        return pam_header(in, head, c);
    default:
        return imginput_fail(in, EILSEQ,
                             "byte %" PRIu64 ": no PNM image where frame %" PRIu64 " should begin",
                             begin, in->frame);
    }
}

/* The next byte of text, with each comment as one space: 1, 0 at the end, or -1. */
static int text_byte(struct imginput *in, int *c)
{
    bool comment = false;
    for (;;) {
        int more = imginput_await(in);
        if (more != 1)
            return more;
        *c = in->ahead[in->at++];
        if (*c == '#')
            comment = true;
        if (!comment)
            return 1;
        if (*c == '\n')
            return 1;
    }
}

int pnm_text(struct imginput *in, const struct imgreader_head *head, const struct imgconvert *c,
             uint8_t *data)
{
    bool bits = c->kind == IMGCONVERT_TEXT_BITS;
    for (size_t i = 0; i < head->bytes; i++) {
        uint32_t value = 0;
        int byte = 0, more;
        unsigned digits = 0;
        while ((more = text_byte(in, &byte)) == 1 && (!digits || !pnm_is_space(byte))) {
            if (!digits && pnm_is_space(byte))
                continue;
            value = value * 10 + (uint32_t)(byte - '0');
            if (byte < '0' || byte > '9' || value > (bits ? 1 : MAXVAL))
                return imginput_fail(in, EILSEQ,
                                     "byte %" PRIu64 ": not a sample of PNM frame %" PRIu64,
                                     imginput_offset(in) - 1, in->frame);
            digits++;
            if (bits)
                break;
        }
        if (more < 0)
            return -1;
        if (!digits)
            return imginput_fail(in, ENODATA, "cut off: got %zu of %zu samples of frame %" PRIu64,
                                 i, head->bytes, in->frame);
        if (data)
            data[i] = bits ? (value ? 0 : 255) : c->table[value];
    }
    return 0;
}
