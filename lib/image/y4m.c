#include "image/y4m.h"
#include "pixfmt.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct colours {
    uint32_t format;
    enum imgconvert_kind kind;
    unsigned bits;
};

/* Parses "420jpeg", "422p10", "mono12", … */
static bool find_colours(const char *name, struct colours *out)
{
    static const struct {
        const char *name;
        struct colours colours;
    } known[] = {{"420jpeg", {PIXFMT_YUV420P, IMGCONVERT_NONE, 8}},
                 {"420mpeg2", {PIXFMT_YUV420P, IMGCONVERT_NONE, 8}},
                 {"420paldv", {PIXFMT_YUV420P, IMGCONVERT_NONE, 8}},
                 {"420", {PIXFMT_YUV420P, IMGCONVERT_NONE, 8}},
                 {"422", {PIXFMT_YUV422P, IMGCONVERT_NONE, 8}},
                 {"444", {PIXFMT_YUV444P, IMGCONVERT_NONE, 8}},
                 {"mono", {PIXFMT_GRAY8, IMGCONVERT_NONE, 8}},
                 {"411", {PIXFMT_YUV422P, IMGCONVERT_411, 8}},
                 {"444alpha", {PIXFMT_RGBA, IMGCONVERT_444ALPHA, 8}}};
    static const struct {
        const char *prefix;
        uint32_t format;
    } deep[] = {{"420p", PIXFMT_YUV420P},
                {"422p", PIXFMT_YUV422P},
                {"444p", PIXFMT_YUV444P},
                {"mono", PIXFMT_GRAY8}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (!strcmp(name, known[i].name)) {
            *out = known[i].colours;
            return true;
        }
    for (size_t i = 0; i < sizeof deep / sizeof deep[0]; i++) {
        uint64_t bits;
        if (strncmp(name, deep[i].prefix, 4) || !imghead_number(name + 4, 16, &bits) || bits < 9)
            continue;
        *out = (struct colours){deep[i].format, IMGCONVERT_SAMPLES, (unsigned)bits};
        return true;
    }
    return false;
}

int y4m_header(struct imginput *in, struct imgreader_head *head, struct imgconvert *c)
{
    char line[IMGINPUT_LINE], *rest;
    bool full = false, limited = false;
    struct colours colours = {PIXFMT_YUV420P, IMGCONVERT_NONE, 8};
    if (imginput_header_line(in, line) < 0)
        return -1;
    for (char *word = strtok_r(line, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        int bad = 0, matrix;
        uint32_t across, down;
        if (*word == 'W')
            bad = imghead_side(in, "width", word + 1, &head->image.width);
        else if (*word == 'H')
            bad = imghead_side(in, "height", word + 1, &head->image.height);
        else if (*word == 'C' && !find_colours(word + 1, &colours))
            bad = imginput_fail(in, EILSEQ,
                                "y4m colours %.20s: must be C420, C422, C444, C411, C444alpha or "
                                "Cmono, as with ffmpeg -pix_fmt yuv420p",
                                word);
        else if (!strcmp(word, "XCOLORRANGE=FULL"))
            full = true;
        else if (!strcmp(word, "XCOLORRANGE=LIMITED"))
            limited = true;
        else if (!strncmp(word, "XMATRIX=", 8) && (matrix = pixfmt_matrix_find(word + 8)) >= 0)
            head->image.matrix = (uint8_t)matrix;
        else if (*word == 'A' && imghead_ratio(word + 1, &across, &down))
            imghead_aspect(&head->image, across, down);
        if (bad)
            return -1;
    }
    head->image.format = colours.format;
    /* Gray is full-range unless specified, as in ffmpeg. */
    limited = limited || (!full && colours.format != PIXFMT_GRAY8);
    if (limited && head->image.format != PIXFMT_RGBA)
        head->image.flags |= PIXFMT_LIMITED;
    if (imghead_settle(in, head))
        return -1;
    imgconvert_set(c, colours.kind, colours.bits > 8 ? IMGCONVERT_LITTLE : IMGCONVERT_BYTES, head);
    c->limited = limited;
    c->matrix = head->image.matrix;
    if (!pixfmt_is_yuv(head->image.format))
        head->image.matrix = PIXFMT_MATRIX_NONE;
    if (colours.bits > 8)
        imgconvert_table(c, (UINT32_C(1) << colours.bits) - 1, limited);
    return 0;
}

int y4m_frame(struct imginput *in, struct imgreader_head *head)
{
    char line[IMGINPUT_LINE];
    uint64_t begin = imginput_offset(in);
    bool frame = true;
    for (const char *p = "FRAME"; *p && frame; p++) {
        int c = imginput_header_byte(in);
        if (c < 0)
            return -1;
        frame = c == *p;
    }
    if (frame && imginput_header_line(in, line) < 0)
        return -1;
    if (!frame || (*line && *line != ' '))
        return imginput_fail(in, EILSEQ,
                             "byte %" PRIu64 ": no FRAME where frame %" PRIu64 " should begin",
                             begin, in->frame);
    imghead_event(head, line, "XEVENT=");
    return 1;
}
