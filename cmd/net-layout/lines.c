#include "lines.h"
#include "utf8.h"
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct word {
    const char *text;
    size_t bytes;
};

void lines_free(struct lines *lines)
{
    free(lines->names);
    lines->names = NULL;
    lines->room = 0;
}

static bool refuse(struct lines *lines, const char *why)
{
    snprintf(lines->why, sizeof lines->why, "line %" PRIu64 ": %s", lines->line, why);
    return false;
}

/* FNV-1a. */
static uint32_t hash(const char *text, size_t bytes)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < bytes; i++)
        h = (h ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
    return (uint32_t)(h ^ h >> 32);
}

static uint32_t *name_slot(const struct lines *lines, const char *text, size_t bytes)
{
    const struct graph *g = lines->graph;
    uint32_t mask = lines->room - 1, at = hash(text, bytes) & mask;
    for (;; at = (at + 1) & mask) {
        uint32_t node = lines->names[at] - 1;
        if (!lines->names[at] || (g->name_at[node + 1] - g->name_at[node] == bytes &&
                                  !memcmp(g->text + g->name_at[node], text, bytes)))
            return &lines->names[at];
    }
}

static int names_room(struct lines *lines)
{
    const struct graph *g = lines->graph;
    if (lines->room && g->nodes < lines->room / 2)
        return 0;
    uint32_t room = lines->room ? 2 * lines->room : 4096, *names = calloc(room, sizeof *names);
    if (!names)
        return -1;
    free(lines->names);
    lines->names = names;
    lines->room = room;
    for (uint32_t i = 0; i < g->nodes; i++)
        *name_slot(lines, g->text + g->name_at[i], g->name_at[i + 1] - g->name_at[i]) = i + 1;
    return 0;
}

/* The node of that name, made where there is none. */
static bool node_of(struct lines *lines, const struct word *word, uint32_t *node)
{
    if (word->bytes > NET_NAME_MAX)
        return refuse(lines, "a name of more than 255 bytes");
    if (!utf8_printable(word->text, word->bytes))
        return refuse(lines, "a name that is not UTF-8");
    if (names_room(lines))
        return refuse(lines, strerror(errno));
    uint32_t *slot = name_slot(lines, word->text, word->bytes);
    if (!*slot) {
        if (graph_node(lines->graph, word->text, word->bytes))
            return refuse(lines, errno == EOVERFLOW ? "more nodes than a stream can hold"
                                                    : strerror(errno));
        *slot = lines->graph->nodes;
    }
    *node = *slot - 1;
    return true;
}

static bool weight_of(struct lines *lines, const struct word *word, float *weight)
{
    char text[64], *end;
    size_t n = word->bytes < sizeof text ? word->bytes : 0;
    memcpy(text, word->text, n);
    text[n] = 0;
    double w = strtod(text, &end);
    if (!n || *end || !(w >= 0 && w <= 1e30))
        return refuse(lines, "the third word is no weight: a number from 0 to 1e30");
    *weight = (float)w;
    return true;
}

static bool take_line(struct lines *lines, const char *text, size_t bytes)
{
    struct word word[4];
    unsigned words = 0;
    for (const char *p = text, *end = text + bytes; p < end && words < 4;) {
        const char *start = p;
        while (p < end && *p != ' ' && *p != '\t' && *p != '\r')
            p++;
        if (p > start)
            word[words++] = (struct word){start, (size_t)(p - start)};
        else
            p++;
    }
    if (!words || *word[0].text == '#' || *word[0].text == '%')
        return true;
    if (words == 4)
        return refuse(lines, "not an edge: NODE NODE [WEIGHT]");
    uint32_t a, b;
    float weight = NAN;
    if (words > 2 && !weight_of(lines, &word[2], &weight))
        return false;
    if (!node_of(lines, &word[0], &a) || (words > 1 && !node_of(lines, &word[1], &b)))
        return false;
    if (words > 1 && graph_edge(lines->graph, a, b, weight))
        return refuse(lines,
                      errno == EOVERFLOW ? "more edges than a stream can hold" : strerror(errno));
    return true;
}

size_t lines_take(struct lines *lines, const char *text, size_t bytes, bool end, bool *bad)
{
    size_t taken = 0;
    *bad = false;
    while (taken < bytes && !*bad) {
        const char *line = text + taken, *newline = memchr(line, '\n', bytes - taken);
        if (!newline && !end)
            break;
        size_t length = newline ? (size_t)(newline - line) : bytes - taken;
        lines->line++;
        taken += length + (newline != NULL);
        *bad = !take_line(lines, line, length);
    }
    return taken;
}
