#include "table.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "array.h"
#include "edgelist.h"
#include "fields.h"
#include "futex.h"
#include "idmap.h"
#include "input.h"
#include "textfile.h"
#include "tool/cli.h"

struct table {
    const char *name;
    struct graph *graph;
    struct input *input; /* NULL after its end */
    _Atomic uint32_t *word;
    bool fifo;
    char *text; /* rows that are not read yet, such as an incomplete one */
    size_t bytes;
    uint64_t line;
    char separator; /* see fields.h; 0 before the header */
    bool of_edges;
    unsigned column[3]; /* of the node, or of both ends of the edge */
    uint32_t attribute[FIELDS_MAX];
    unsigned columns;
    struct idmap names; /* of the nodes */
    uint32_t *node;     /* of each name, the first node that has it */
    uint32_t named;     /* number of nodes whose names were added */
    uint64_t unknown;   /* number of rows about no node or edge of the network */
};

_Noreturn static void die(struct table *t, const char *why)
{
    input_close(t->input);
    cli_die(CLI_FAIL, "%s: %s", t->name, why);
}

_Noreturn static void die_line(struct table *t, const char *why)
{
    input_close(t->input);
    cli_die(CLI_FAIL, "%s: line %" PRIu64 ": %s", t->name, t->line, why);
}

struct table *table_open(const char *file, struct graph *graph, _Atomic uint32_t *word)
{
    struct stat status;
    bool fifo = !stat(file, &status) && S_ISFIFO(status.st_mode);
    /* With a writer of its own, a FIFO neither blocks this nor ends between two other writers. */
    int fd = open(file, (fifo ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    struct table *t = fd < 0 ? NULL : calloc(1, sizeof *t);
    if (t) {
        *t = (struct table){.name = file, .graph = graph, .word = word, .fifo = fifo};
        t->input = input_open(fd, false, word);
    }
    if (!t || !t->input)
        cli_die(CLI_FAIL, "%s: %s", file, strerror(errno));
    return t;
}

void table_close(struct table *t)
{
    if (!t)
        return;
    input_close(t->input);
    idmap_free(&t->names);
    free(t->node);
    free(t->text);
    free(t);
}

bool table_ended(const struct table *t)
{
    return !t->input;
}

bool table_unfinished(const struct table *t)
{
    return t->input && !t->fifo;
}

/* Adds the names of nodes that are new in the graph. */
static void add_names(struct table *t)
{
    const struct graph *g = t->graph;
    for (; t->named < g->nodes; t->named++) {
        const uint32_t *at = g->name_at + t->named;
        uint32_t known = t->names.count,
                 name = idmap_add(&t->names, g->text + at[0], at[1] - at[0]);
        if (name == IDMAP_NONE || array_resize(&t->node, g->nodes, sizeof *t->node))
            die(t, strerror(errno));
        if (name == known)
            t->node[name] = t->named;
    }
}

static uint32_t find_node(const struct table *t, const struct field *f)
{
    uint32_t name = idmap_find(&t->names, f->text, f->bytes);
    return name == IDMAP_NONE ? IDMAP_NONE : t->node[name];
}

/* The columns: of edges, if they have a source and a target, or else of nodes, the first of which
 * has their names. */
static void parse_header(struct table *t, const struct field *f, unsigned count)
{
    if (count < 2)
        die_line(t, "not the header of a table; use NODE,ATTRIBUTE,… or SOURCE,TARGET,ATTRIBUTE,…");
    t->of_edges = edgelist_header(f, count, t->column);
    if (!t->of_edges)
        t->column[EDGELIST_FROM] = 0;
    t->columns = count;
    for (unsigned i = 0; i < count; i++) {
        bool key = i == t->column[EDGELIST_FROM] || (t->of_edges && i == t->column[EDGELIST_TO]);
        t->attribute[i] = ATTRIBUTES_NONE;
        if (key)
            continue;
        t->attribute[i] = attributes_add(&t->graph->attributes, t->of_edges, f[i].text, f[i].bytes);
        if (t->attribute[i] == ATTRIBUTES_NONE)
            die_line(t, errno ? strerror(errno) : "more than 64 attributes");
    }
}

/* The node or edge of a row, or IDMAP_NONE. */
static uint32_t find_item(const struct table *t, const struct field *f, unsigned count)
{
    unsigned from = t->column[EDGELIST_FROM], to = t->column[EDGELIST_TO];
    if (count <= from || (t->of_edges && count <= to))
        return IDMAP_NONE;
    uint32_t a = find_node(t, &f[from]);
    if (!t->of_edges || a == IDMAP_NONE)
        return a;
    uint32_t b = find_node(t, &f[to]);
    return b == IDMAP_NONE ? b : graph_find_edge(t->graph, a, b);
}

static void parse_line(struct table *t, char *line, size_t bytes)
{
    struct field f[FIELDS_MAX];
    t->line++;
    if (fields_comment(line, bytes))
        return;
    unsigned count = fields_split(line, bytes, t->separator, f);
    if (!t->columns) {
        parse_header(t, f, count);
        return;
    }
    uint32_t item = find_item(t, f, count);
    if (item == IDMAP_NONE) {
        if (!t->unknown++)
            cli_warn("%s: line %" PRIu64 ": no such %s in the network; left out", t->name, t->line,
                     t->of_edges ? "edge" : "node");
        return;
    }
    for (unsigned i = 0; i < count && i < t->columns; i++)
        if (attributes_set(&t->graph->attributes, t->attribute[i], item, f[i].text, f[i].bytes))
            die_line(t, strerror(errno));
}

/* Reads the complete rows. */
static void parse(struct table *t, bool end)
{
    size_t parsed = 0;
    if (!t->line) {
        if (textfile_encoded(t->text, t->bytes))
            die(t, "compressed, or UTF-16; use UTF-8 text");
        parsed = textfile_mark(t->text, t->bytes);
    }
    if (!t->separator && (end || memchr(t->text, '\n', t->bytes)))
        t->separator = fields_detect(t->text + parsed, t->bytes - parsed);
    add_names(t);
    while (parsed < t->bytes && !cli_stopped()) {
        char *line = t->text + parsed, *newline = memchr(line, '\n', t->bytes - parsed);
        if (!newline && !end)
            break;
        size_t length = newline ? (size_t)(newline - line) : t->bytes - parsed;
        parsed += length + (newline != NULL);
        parse_line(t, line, length);
    }
    t->bytes -= parsed;
    memmove(t->text, t->text + parsed, t->bytes);
}

void table_update(struct table *t)
{
    char *text;
    size_t bytes;
    bool end;
    int got = t->input ? input_take(t->input, &text, &bytes, &end) : 0;
    if (got < 0)
        die(t, strerror(errno));
    if (!got)
        return;
    if (bytes && array_resize(&t->text, t->bytes + bytes, 1))
        die(t, strerror(errno));
    if (bytes)
        memcpy(t->text + t->bytes, text, bytes);
    t->bytes += bytes;
    free(text);
    if (t->bytes)
        parse(t, end);
    if (!end)
        return;
    input_close(t->input);
    t->input = NULL;
    if (!t->columns)
        die(t, "no header; use NODE,ATTRIBUTE,… or SOURCE,TARGET,ATTRIBUTE,…");
    if (t->unknown > 1)
        cli_warn("%s: %" PRIu64 " more rows left out", t->name, t->unknown - 1);
}

void table_start(struct table *t)
{
    while (!cli_stopped()) {
        uint32_t seen = atomic_load(t->word);
        table_update(t);
        if (!t->input || (t->fifo && t->line > 1))
            return;
        futex_wait(t->word, seen, NULL);
    }
}
