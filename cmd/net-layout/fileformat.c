#include "fileformat.h"
#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *name, *title;
} formats[] = {[FORMAT_EDGES] = {"edges", "edge list"},
               [FORMAT_NCOL] = {"ncol", "NCOL"},
               [FORMAT_GRAPHML] = {"graphml", "GraphML"},
               [FORMAT_GEXF] = {"gexf", "GEXF"},
               [FORMAT_GML] = {"gml", "GML"},
               [FORMAT_PAJEK] = {"pajek", "Pajek"}};

enum file_format fileformat_find(const char *name)
{
    for (unsigned f = FORMAT_EDGES; f <= FORMAT_PAJEK; f++)
        if (!strcmp(name, formats[f].name))
            return f;
    return FORMAT_ANY;
}

const char *fileformat_names(void)
{
    return "edges, ncol, graphml, gexf, gml, pajek";
}

const char *fileformat_title(enum file_format format)
{
    return formats[format].title;
}

/* The next word at *at: letters, or one other character. Returns its length, 0 at the end. */
static size_t next_word(const char **at, const char *end)
{
    while (*at < end && isspace((unsigned char)**at))
        ++*at;
    const char *p = *at;
    while (p < end && isalpha((unsigned char)*p))
        p++;
    return p > *at ? (size_t)(p - *at) : *at < end;
}

static bool is_word(const char *at, size_t n, const char *word)
{
    return strlen(word) == n && !strncasecmp(at, word, n);
}

/* Skips empty lines, and those that begin with one of the characters. */
static const char *skip_comments(const char *at, const char *end, const char *comment)
{
    for (;;) {
        while (at < end && isspace((unsigned char)*at))
            at++;
        if (at == end || !strchr(comment, *at) || !*at)
            return at;
        while (at < end && *at != '\n')
            at++;
    }
}

/* Whether a line of the first 20 is "graph", and its value a list. */
static bool is_gml(const char *text, size_t bytes)
{
    const char *end = text + bytes, *at = text;
    for (int line = 0; line < 20 && at < end; line++) {
        at = skip_comments(at, end, "#");
        size_t n = next_word(&at, end);
        if (is_word(at, n, "graph")) {
            at += n;
            next_word(&at, end);
            return at < end && *at == '[';
        }
        while (at < end && *at != '\n')
            at++;
    }
    return false;
}

static bool is_pajek(const char *text, size_t bytes)
{
    static const char *const words[] = {"vertices",    "network", "partition", "vector",
                                        "permutation", "cluster", "hierarchy", NULL};
    const char *end = text + bytes, *at = skip_comments(text, end, "%");
    if (at == end || *at != '*')
        return false;
    at++;
    size_t n = next_word(&at, end);
    for (unsigned i = 0; words[i]; i++)
        if (is_word(at, n, words[i]))
            return true;
    return false;
}

enum file_format fileformat_detect(const char *text, size_t bytes)
{
    static const char gexf[] = "<gexf";
    const char *end = text + bytes, *at = text;
    next_word(&at, end);
    if (at < end && *at == '<') {
        for (size_t left = (size_t)(end - at); left >= sizeof gexf && left + 4096 > bytes; left--)
            if (!memcmp(end - left, gexf, sizeof gexf - 1))
                return FORMAT_GEXF;
        return FORMAT_GRAPHML;
    }
    if (is_pajek(text, bytes))
        return FORMAT_PAJEK;
    return is_gml(text, bytes) ? FORMAT_GML : FORMAT_EDGES;
}

/* Skips C comments and lines of the preprocessor. */
static const char *skip_dot_comments(const char *at, const char *end)
{
    for (;;) {
        at = skip_comments(at, end, "#");
        if (end - at < 2 || *at != '/')
            return at;
        bool line = at[1] == '/';
        if (!line && at[1] != '*')
            return at;
        for (at += 2; at < end && !(line ? *at == '\n' : *at == '/' && at[-1] == '*'); at++)
            ;
        at += at < end;
    }
}

static bool is_dot(const char *text, size_t bytes)
{
    const char *end = text + bytes, *at = skip_dot_comments(text, end);
    size_t n = next_word(&at, end);
    if (is_word(at, n, "strict")) {
        at += n;
        n = next_word(&at, end);
    }
    if (!is_word(at, n, "graph") && !is_word(at, n, "digraph"))
        return false;
    for (at += n; at < end && *at != '\n' && *at != '{' && *at != '['; at++)
        ;
    next_word(&at, end);
    return at < end && *at == '{';
}

const char *fileformat_unsupported(const char *text, size_t bytes)
{
    static const char market[] = "%%MatrixMarket";
    const char *end = text + bytes, *at = text;
    size_t n = next_word(&at, end);
    if (bytes >= 4 && !memcmp(text, "PK\3\4", 4))
        return "this is a zip archive or a spreadsheet; extract it, or export the sheet as CSV";
    if (bytes >= sizeof market && !strncasecmp(text, market, sizeof market - 1))
        return "this is a Matrix Market file; convert it with: sed '/^%/d' FILE | sed 1d";
    if (is_dot(text, bytes))
        return "this is DOT, the language of Graphviz; convert it with: gv2gml -o net.gml FILE";
    if (at < end && (*at == '{' || *at == '['))
        return "this is JSON; convert it to GraphML, for example with networkx (write_graphml)";
    if (is_word(at, n, "dl") && at + 2 < end && at[2] == ' ')
        return "this is a DL file of UCINET; convert it to Pajek, for example with Gephi";
    return NULL;
}
