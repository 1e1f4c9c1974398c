#include "edgelist.h"
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "net/net.h"
#include "utf8.h"

struct word {
    const char *text;
    size_t bytes;
};

void edgelist_free(struct edgelist *list)
{
    free(list->slots);
    list->slots = NULL;
    list->slot_capacity = 0;
}

static bool refuse(struct edgelist *list, const char *why)
{
    snprintf(list->error, sizeof list->error, "line %" PRIu64 ": %s", list->line, why);
    return false;
}

/* FNV-1a, 64 bits folded to 32. */
static uint32_t hash(const char *text, size_t bytes)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < bytes; i++)
        h = (h ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
    return (uint32_t)(h ^ h >> 32);
}

static uint32_t *find_slot(const struct edgelist *list, const char *text, size_t bytes)
{
    const struct graph *g = list->graph;
    uint32_t mask = list->slot_capacity - 1, at = hash(text, bytes) & mask;
    for (;; at = (at + 1) & mask) {
        uint32_t node = list->slots[at] - 1;
        if (!list->slots[at] || (g->name_at[node + 1] - g->name_at[node] == bytes &&
                                 !memcmp(g->text + g->name_at[node], text, bytes)))
            return &list->slots[at];
    }
}

static int reserve_slots(struct edgelist *list)
{
    const struct graph *g = list->graph;
    if (list->slot_capacity && g->nodes < list->slot_capacity / 2)
        return 0;
    uint32_t capacity = list->slot_capacity ? 2 * list->slot_capacity : 4096;
    uint32_t *slots = calloc(capacity, sizeof *slots);
    if (!slots)
        return -1;
    free(list->slots);
    list->slots = slots;
    list->slot_capacity = capacity;
    for (uint32_t i = 0; i < g->nodes; i++)
        *find_slot(list, g->text + g->name_at[i], g->name_at[i + 1] - g->name_at[i]) = i + 1;
    return 0;
}

/* Finds the node of that name, or adds it. */
static bool find_node(struct edgelist *list, const struct word *word, uint32_t *node)
{
    if (word->bytes > NET_NAME_MAX)
        return refuse(list, "a name is longer than 255 bytes");
    if (!utf8_printable(word->text, word->bytes))
        return refuse(list, "a name is not UTF-8");
    if (reserve_slots(list))
        return refuse(list, strerror(errno));
    uint32_t *slot = find_slot(list, word->text, word->bytes);
    if (!*slot) {
        if (graph_add_node(list->graph, word->text, word->bytes))
            return refuse(list, errno == EOVERFLOW ? "more nodes than a stream can hold (2^24)"
                                                   : strerror(errno));
        *slot = list->graph->nodes;
    }
    *node = *slot - 1;
    return true;
}

static bool parse_weight(struct edgelist *list, const struct word *word, float *weight)
{
    char text[64], *end;
    size_t n = word->bytes < sizeof text ? word->bytes : 0;
    memcpy(text, word->text, n);
    text[n] = 0;
    double w = strtod(text, &end);
    if (!n || *end || !(w >= 0 && w <= 1e30))
        return refuse(list, "the third word is not a weight; use a number from 0 to 1e30");
    *weight = (float)w;
    return true;
}

static bool parse_line(struct edgelist *list, const char *text, size_t bytes)
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
        return refuse(list, "not an edge; use NODE NODE [WEIGHT]");
    uint32_t a, b;
    float weight = NAN;
    if (words > 2 && !parse_weight(list, &word[2], &weight))
        return false;
    if (!find_node(list, &word[0], &a) || (words > 1 && !find_node(list, &word[1], &b)))
        return false;
    if (words > 1 && graph_add_edge(list->graph, a, b, weight))
        return refuse(list, errno == EOVERFLOW ? "more edges than a stream can hold (2^28)"
                                               : strerror(errno));
    return true;
}

size_t edgelist_parse(struct edgelist *list, const char *text, size_t bytes, bool end, bool *bad)
{
    size_t parsed = 0;
    *bad = false;
    while (parsed < bytes && !*bad) {
        const char *line = text + parsed, *newline = memchr(line, '\n', bytes - parsed);
        if (!newline && !end)
            break;
        size_t length = newline ? (size_t)(newline - line) : bytes - parsed;
        list->line++;
        parsed += length + (newline != NULL);
        *bad = !parse_line(list, line, length);
    }
    return parsed;
}
