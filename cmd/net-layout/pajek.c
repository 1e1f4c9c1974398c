#include "pajek.h"
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "fields.h"
#include "net/net.h"
#include "tool/cli.h"
#include "utf8.h"

enum section { NONE, VERTICES, EDGES, LISTS, MATRIX, VALUES, OTHER, END };

struct pajek {
    struct graph *graph;
    struct report *report;
    enum negative negative;
    enum section section;
    uint64_t line, edge;
    uint32_t vertices; /* number of vertices declared */
    bool declared;
    struct field *label; /* of each vertex; no text if it has none */
    uint32_t row;        /* of the matrix */
    uint32_t attribute;  /* of the partition or vector, or ATTRIBUTES_NONE */
    uint32_t value;      /* number of its values so far */
    char title[80];      /* its name, "" outside of one */
    uint64_t negatives;
};

static int refuse(struct pajek *p, const char *why)
{
    return report_error(p->report, "line %" PRIu64 ": %s", p->line, why);
}

/* Adds all vertices, named by their labels, or else by their numbers. */
static int add_nodes(struct pajek *p)
{
    if (p->graph->nodes || !p->declared)
        return 0;
    for (uint32_t i = 0; i < p->vertices; i++) {
        char number[16];
        struct field f = p->label[i];
        if (!f.bytes)
            f = (struct field){number, (size_t)snprintf(number, sizeof number, "%" PRIu32, i + 1)};
        if (graph_add_node(p->graph, f.text, f.bytes))
            return report_graph_error(p->report);
    }
    return 0;
}

static bool parse_vertex(const struct pajek *p, const struct field *f, uint32_t *vertex)
{
    char number[24], *end;
    if (!f->bytes || f->bytes >= sizeof number)
        return false;
    memcpy(number, f->text, f->bytes);
    number[f->bytes] = 0;
    unsigned long long n = strtoull(number, &end, 10);
    if (*end || !isdigit((unsigned char)*number) || n < 1 || n > p->vertices)
        return false;
    *vertex = (uint32_t)n - 1;
    return true;
}

static int declare(struct pajek *p, const struct field *f, unsigned count)
{
    char number[24] = "", *end;
    if (count > 1 && f[1].bytes < sizeof number)
        memcpy(number, f[1].text, f[1].bytes);
    unsigned long long n = strtoull(number, &end, 10);
    if (!isdigit((unsigned char)*number) || *end)
        return refuse(p, "*Vertices without their number");
    if (n > NET_NODES_MAX) {
        errno = EOVERFLOW;
        return report_graph_error(p->report);
    }
    p->vertices = (uint32_t)n;
    p->declared = true;
    p->label = calloc(n ? n : 1, sizeof *p->label);
    return p->label ? 0 : refuse(p, strerror(errno));
}

static bool is_section(const struct field *f, const char *name)
{
    size_t n = strlen(name);
    return f->bytes >= n && !strncasecmp(f->text, name, n) &&
           (f->bytes == n || !isalnum((unsigned char)f->text[n]));
}

/* The name of a partition or vector: the rest of its line, or else the word itself. */
static void set_title(struct pajek *p, const struct field *f, unsigned count)
{
    const char *text = count > 1 ? f[1].text : f[0].text + 1;
    const char *end = f[count - 1].text + f[count - 1].bytes;
    size_t bytes = utf8_cut(text, (size_t)(end - text), sizeof p->title - 1);
    memcpy(p->title, text, bytes);
    p->title[bytes] = 0;
    p->section = OTHER;
}

/* Begins the values of a partition or vector, if it has one for each vertex of the network. */
static int begin_values(struct pajek *p, const struct field *f, unsigned count)
{
    struct attributes *attributes = &p->graph->attributes;
    char number[24];
    snprintf(number, sizeof number, "%" PRIu32, p->vertices);
    if (!p->declared || count < 2 || f[1].bytes != strlen(number) ||
        memcmp(f[1].text, number, f[1].bytes) != 0) {
        report_left_out(p->report, "%s", p->title);
        *p->title = 0;
        return 0;
    }
    p->attribute = attributes_add(attributes, false, p->title, strlen(p->title));
    if (p->attribute == ATTRIBUTES_NONE && errno)
        return refuse(p, strerror(errno));
    p->section = VALUES;
    p->value = 0;
    *p->title = 0;
    return 0;
}

static int parse_value(struct pajek *p, const struct field *f)
{
    if (p->value == p->vertices)
        return refuse(p, "more values than vertices");
    if (attributes_set(&p->graph->attributes, p->attribute, p->value++, f->text, f->bytes))
        return refuse(p, strerror(errno));
    return 0;
}

static int begin_section(struct pajek *p, const struct field *f, unsigned count)
{
    static const char *const others[] = {"*permutation", "*cluster", "*hierarchy",
                                         "*matrices",    "*events",  "*colors",
                                         "*title",       "*end",     NULL};
    bool skipped = p->section == OTHER;
    if (is_section(f, "*network")) {
        p->section = p->declared ? END : NONE;
    } else if (is_section(f, "*partition") || is_section(f, "*vector")) {
        set_title(p, f, count);
    } else if (is_section(f, "*vertices")) {
        if (*p->title)
            return begin_values(p, f, count);
        if (skipped)
            return 0; /* belongs to a permutation or cluster */
        p->section = p->declared ? END : VERTICES;
        if (p->section == VERTICES)
            return declare(p, f, count);
    } else if (is_section(f, "*edges") || is_section(f, "*arcs")) {
        p->section = EDGES;
    } else if (is_section(f, "*edgeslist") || is_section(f, "*arcslist")) {
        p->section = LISTS;
    } else if (is_section(f, "*matrix")) {
        p->section = MATRIX;
    } else {
        unsigned i = 0;
        while (others[i] && !is_section(f, others[i]))
            i++;
        if (!others[i])
            return refuse(p, "not a section of Pajek");
        p->section = OTHER;
        report_left_out(p->report, "%s", others[i]);
    }
    if (p->section == END)
        report_left_out(p->report, "other networks of the project");
    if (p->section == EDGES || p->section == LISTS || p->section == MATRIX)
        return p->declared ? add_nodes(p) : refuse(p, "edges before *Vertices");
    return 0;
}

static int set_named(struct pajek *p, uint32_t vertex, const char *name, const struct field *f)
{
    uint32_t attribute = attributes_add(&p->graph->attributes, false, name, strlen(name));
    if ((attribute == ATTRIBUTES_NONE && errno) ||
        attributes_set(&p->graph->attributes, attribute, vertex, f->text, f->bytes))
        return refuse(p, strerror(errno));
    return 0;
}

/* A vertex: its number, label, coordinates, and parameters such as "ic Red", its colour. */
static int parse_vertex_line(struct pajek *p, const struct field *f, unsigned count)
{
    static const char *const axis[] = {"x", "y", "z"};
    uint32_t vertex;
    unsigned i = 2;
    if (!parse_vertex(p, &f[0], &vertex))
        return refuse(p, "not a vertex of the network");
    if (count > 1)
        p->label[vertex] = f[1];
    for (; i < 5 && i < count && !isalpha((unsigned char)*f[i].text); i++)
        if (set_named(p, vertex, axis[i - 2], &f[i]))
            return -1;
    for (; i + 1 < count; i++)
        if (is_section(&f[i], "ic"))
            return set_named(p, vertex, "color", &f[i + 1]);
    return 0;
}

static int add_edge(struct pajek *p, uint32_t a, uint32_t b, double weight)
{
    p->edge++;
    if (!isnan(weight))
        switch (weight_check(&weight, p->negative)) {
        case WEIGHT_OK:
            break;
        case WEIGHT_SKIP:
            p->negatives++;
            return 0;
        default:
            return weight_error(p->report, p->edge, weight);
        }
    return graph_add_edge(p->graph, a, b, (float)weight) ? report_graph_error(p->report) : 0;
}

static int parse_edge(struct pajek *p, const struct field *f, unsigned count)
{
    uint32_t a, b;
    if (count < 2 || !parse_vertex(p, &f[0], &a) || !parse_vertex(p, &f[1], &b))
        return refuse(p, "not an edge between two vertices");
    double weight = NAN;
    if (count > 2 && (isdigit((unsigned char)*f[2].text) || strchr("+-.nNiI", *f[2].text))) {
        char *end;
        weight = strtod(f[2].text, &end);
        if (end != f[2].text + f[2].bytes)
            weight = NAN;
        else if (isnan(weight))
            return weight_error(p->report, p->edge + 1, weight);
    }
    return add_edge(p, a, b, weight);
}

static int parse_list(struct pajek *p, const struct field *f, unsigned count)
{
    uint32_t a, b;
    for (unsigned i = 0; i < count; i++)
        if (!parse_vertex(p, &f[i], i ? &b : &a))
            return refuse(p, "not a list of vertices");
        else if (i && add_edge(p, a, b, NAN))
            return -1;
    return 0;
}

static int parse_row(struct pajek *p, const char *line, size_t bytes)
{
    const char *at = line, *end = line + bytes;
    uint32_t column = 0;
    for (; at < end; column++) {
        char *after;
        while (at < end && isspace((unsigned char)*at))
            at++;
        if (at == end)
            break;
        double weight = strtod(at, &after);
        if (after == at || after > end || p->row >= p->vertices || column >= p->vertices)
            return refuse(p, "not a row of the matrix");
        at = after;
        if (isnan(weight))
            return weight_error(p->report, p->edge + 1, weight);
        if (weight != 0 && add_edge(p, p->row, column, weight))
            return -1;
    }
    p->row++;
    return 0;
}

static int parse_line(struct pajek *p, char *line, size_t bytes)
{
    struct field f[FIELDS_MAX];
    unsigned count = fields_split(line, bytes, FIELDS_BLANK, f);
    if (!count || *f[0].text == '%')
        return 0;
    if (*f[0].text == '*')
        return begin_section(p, f, count);
    switch (p->section) {
    case NONE:
        return refuse(p, "not Pajek: *Vertices is missing");
    case VERTICES:
        return parse_vertex_line(p, f, count);
    case VALUES:
        return parse_value(p, &f[count - 1]);
    case EDGES:
        return parse_edge(p, f, count);
    case LISTS:
        return parse_list(p, f, count);
    case MATRIX:
        return parse_row(p, line, bytes);
    default:
        return 0;
    }
}

int pajek_read(struct graph *graph, char *text, size_t bytes, enum negative negative,
               struct report *report)
{
    struct pajek p = {.graph = graph, .report = report, .negative = negative};
    int result = 0;
    for (size_t at = 0; at < bytes && !result && p.section != END && !cli_stopped();) {
        const char *newline = memchr(text + at, '\n', bytes - at);
        size_t length = newline ? (size_t)(newline - text) - at : bytes - at;
        p.line++;
        result = parse_line(&p, text + at, length);
        at += length + 1;
    }
    if (!result)
        result = cli_stopped() ? report_error(report, "interrupted") : add_nodes(&p);
    report_negatives(report, p.negatives);
    free(p.label);
    return result;
}
