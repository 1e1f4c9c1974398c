#include "edgelist.h"
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "net/net.h"
#include "tool/cli.h"
#include "utf8.h"

enum {
    FROM = EDGELIST_FROM,
    TO = EDGELIST_TO,
    WEIGHT = EDGELIST_WEIGHT,
    NO_COLUMN = EDGELIST_NONE
};

void edgelist_free(struct edgelist *list)
{
    idmap_free(&list->names);
}

static bool refuse(struct edgelist *list, const char *why)
{
    snprintf(list->error, sizeof list->error, "line %" PRIu64 ": %s", list->line, why);
    return false;
}

/* Finds the node of that name, or adds it. */
static bool find_node(struct edgelist *list, const struct field *name, uint32_t *node)
{
    if (name->bytes == 0)
        return refuse(list, "a name is empty");
    if (name->bytes > NET_NAME_MAX)
        return refuse(list, "a name is longer than 255 bytes");
    if (!utf8_printable(name->text, name->bytes))
        return refuse(list, "a name is not UTF-8; convert the file with iconv -t UTF-8");
    uint32_t known = list->names.count;
    *node = idmap_add(&list->names, name->text, name->bytes);
    if (*node == IDMAP_NONE)
        return refuse(list, strerror(errno));
    if (*node == known && graph_add_node(list->graph, name->text, name->bytes))
        return refuse(list, errno == EOVERFLOW ? "more nodes than a stream can hold (2^24)"
                                               : strerror(errno));
    return true;
}

/* Python's text of the attributes of an edge, as networkx writes it: {'weight': 3}. */
static struct field networkx_weight(const char *text, const char *end)
{
    static const char key[] = "weight";
    for (; text + sizeof key < end; text++) {
        if ((*text != '\'' && *text != '"') || strncmp(text + 1, key, sizeof key - 1) != 0 ||
            text[sizeof key] != *text)
            continue;
        text += sizeof key + 1;
        while (text < end && (*text == ':' || *text == ' '))
            text++;
        const char *number = text;
        while (text < end && *text != ',' && *text != '}' && *text != ' ')
            text++;
        return (struct field){number, (size_t)(text - number)};
    }
    return (struct field){text, 0};
}

/* Converts a weight. Where commas do not separate fields, one may be the decimal point. */
static enum weight_result to_weight(const struct edgelist *list, const struct field *f,
                                    enum negative negative, double *weight)
{
    char number[64];
    if (list->separator == FIELDS_BLANK || list->separator == ',' || f->bytes >= sizeof number)
        return weight_parse(f->text, f->bytes, negative, weight);
    memcpy(number, f->text, f->bytes);
    char *comma = memchr(number, ',', f->bytes);
    if (comma)
        *comma = '.';
    return weight_parse(number, f->bytes, negative, weight);
}

/* Sets *weight, NAN if there is none; *skip: the edge is to be left out. */
static bool parse_weight(struct edgelist *list, const struct field *f, float *weight, bool *skip)
{
    double w;
    *weight = NAN;
    *skip = false;
    if (!f->bytes)
        return true;
    switch (to_weight(list, f, list->negative, &w)) {
    case WEIGHT_OK:
        *weight = (float)w;
        return true;
    case WEIGHT_SKIP:
        list->negatives++;
        *skip = true;
        return true;
    case WEIGHT_NEGATIVE:
        return refuse(list, "the weight is negative; use --negative=abs or --negative=skip");
    default:
        return refuse(list, list->header || list->separator != FIELDS_BLANK
                                ? "the weight is not a number from 0 to 1e30"
                                : "the third word is not a weight; use a number from 0 to 1e30");
    }
}

static bool is_number(const struct edgelist *list, const struct field *f)
{
    double number;
    return to_weight(list, f, NEGATIVE_ABS, &number) == WEIGHT_OK;
}

static bool is_one_of(const struct field *f, const char *const *words)
{
    for (; *words; words++)
        if (strlen(*words) == f->bytes && !strncasecmp(f->text, *words, f->bytes))
            return true;
    return false;
}

bool edgelist_header(const struct field *f, unsigned count, unsigned column[3])
{
    static const char *const names[3][12] = {
        {"source", "from", "src", "node1", "node_1", "node a", "start", "tail", "id1", "fromnodeid",
         "sourceid"},
        {"target", "to", "dst", "node2", "node_2", "node b", "end", "head", "id2", "tonodeid",
         "targetid", "dest"},
        {"weight", "value", "w", "weights", "count", "strength"}};
    for (unsigned c = 0; c < 3; c++)
        column[c] = NO_COLUMN;
    for (unsigned i = 0; i < count; i++)
        for (unsigned c = 0; c < 3; c++)
            if (column[c] == NO_COLUMN && is_one_of(&f[i], names[c]))
                column[c] = i;
    return column[FROM] != NO_COLUMN && column[TO] != NO_COLUMN;
}

/* Takes the columns from a header line; false: it is none. Other columns become attributes. */
static bool parse_header(struct edgelist *list, const struct field *f, unsigned count)
{
    unsigned column[3];
    if (!edgelist_header(f, count, column))
        return false;
    memcpy(list->column, column, sizeof column);
    list->header = true;
    list->columns = count;
    for (unsigned i = 0; i < count; i++) {
        bool known = i == column[FROM] || i == column[TO] || i == column[WEIGHT];
        list->attribute[i] =
            known ? ATTRIBUTES_NONE
                  : attributes_add(&list->graph->attributes, true, f[i].text, f[i].bytes);
    }
    return true;
}

/* Whether the fields are the header of a table of nodes, as Gephi exports it. */
static bool is_node_table(const struct field *f, unsigned count)
{
    static const char *const id[] = {"id", NULL}, *const label[] = {"label", NULL};
    return count >= 2 && is_one_of(&f[0], id) && is_one_of(&f[1], label);
}

/* Looks at the first line. Returns whether it is a header. */
static bool begin(struct edgelist *list, const struct field *f, unsigned count)
{
    list->begun = true;
    if (parse_header(list, f, count))
        return true;
    list->column[FROM] = 0;
    list->column[TO] = 1;
    list->column[WEIGHT] = 2;
    if (list->separator != FIELDS_BLANK && count > 2 && f[2].bytes && !is_number(list, &f[2]) &&
        *f[2].text != '{') {
        list->column[WEIGHT] = NO_COLUMN;
        list->ignored = true;
    }
    return false;
}

/* Whether the words after the third are numbers, as times are, so that they can be left out. */
static bool parse_rest(struct edgelist *list, const struct field *f, unsigned count)
{
    if (list->header || list->column[WEIGHT] == NO_COLUMN)
        return true;
    for (unsigned i = 2; list->separator == FIELDS_BLANK && count > 3 && i < count; i++)
        if (!is_number(list, &f[i]))
            return false;
    list->ignored = list->ignored || count > 3;
    return true;
}

/* Sets the attributes of the edge of a line. */
static bool set_attributes(struct edgelist *list, const struct field *f, unsigned count, uint32_t a,
                           uint32_t b)
{
    uint32_t edge = graph_find_edge(list->graph, a, b);
    for (unsigned i = 0; edge != GRAPH_NO_EDGE && i < count && i < list->columns; i++)
        if (attributes_set(&list->graph->attributes, list->attribute[i], edge, f[i].text,
                           f[i].bytes))
            return refuse(list, strerror(errno));
    return true;
}

static bool parse_line(struct edgelist *list, char *text, size_t bytes)
{
    struct field f[FIELDS_MAX], weight_field = {text, 0};
    if (fields_comment(text, bytes))
        return true;
    unsigned count = fields_split(text, bytes, list->separator, f);
    if (!list->begun && is_node_table(f, count))
        return refuse(list, "this is a table of nodes; use the table of edges");
    if (!list->begun && begin(list, f, count))
        return true;
    const unsigned *column = list->column;
    bool alone = count <= column[TO] || (count == 2 && !f[1].bytes);
    if (count > 2 && *f[2].text == '{' && !list->header)
        weight_field = networkx_weight(f[2].text, text + bytes);
    else if (!parse_rest(list, f, count))
        return refuse(list, "not an edge; use NODE NODE [WEIGHT]");
    else if (column[WEIGHT] < count)
        weight_field = f[column[WEIGHT]];
    uint32_t a, b;
    float weight;
    bool skip;
    if (count <= column[FROM])
        return refuse(list, "the column of the source is missing");
    if (!parse_weight(list, &weight_field, &weight, &skip))
        return false;
    if (!find_node(list, &f[column[FROM]], &a) || (!alone && !find_node(list, &f[column[TO]], &b)))
        return false;
    if (alone || skip)
        return true;
    if (graph_add_edge(list->graph, a, b, weight))
        return refuse(list, errno == EOVERFLOW ? "more edges than a stream can hold (2^28)"
                                               : strerror(errno));
    return !list->header || set_attributes(list, f, count, a, b);
}

size_t edgelist_parse(struct edgelist *list, char *text, size_t bytes, bool end, bool *bad)
{
    size_t parsed = 0;
    *bad = false;
    if (!list->separator && (end || memchr(text, '\n', bytes)))
        list->separator = fields_detect(text, bytes);
    while (parsed < bytes && !*bad && !cli_stopped()) {
        char *line = text + parsed, *newline = memchr(line, '\n', bytes - parsed);
        if (!newline && !end)
            break;
        size_t length = newline ? (size_t)(newline - line) : bytes - parsed;
        list->line++;
        parsed += length + (newline != NULL);
        *bad = !parse_line(list, line, length);
    }
    return parsed;
}
