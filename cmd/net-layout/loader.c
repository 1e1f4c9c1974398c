#include "loader.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "edgelist.h"
#include "futex.h"
#include "igraphio.h"
#include "fields.h"
#include "input.h"
#include "pajek.h"
#include "report.h"
#include "textfile.h"
#include "tool/cli.h"
#include "utf8.h"
#include "xmlgraph.h"

struct loader {
    const char *name; /* for messages */
    bool strict;      /* true if a bad line is an error, not a warning */
    enum file_format format;
    enum negative negative;
    bool prepared; /* true after the text was decoded and its format detected */
    struct graph *graph;
    _Atomic uint32_t *word;
    struct input *input; /* NULL after its end was loaded */
    bool ended;
    char *text; /* input that is not loaded yet, such as an incomplete line */
    size_t bytes;
    struct edgelist list;
    struct report report;
    uint64_t bad_lines;
};

_Noreturn static void die(struct loader *l, const char *why)
{
    input_close(l->input);
    cli_die(CLI_FAIL, "%s: %s", l->name, why);
}

struct loader *loader_open(const char *file, enum file_format format, enum negative negative,
                           struct graph *graph, _Atomic uint32_t *word)
{
    struct loader *l = calloc(1, sizeof *l);
    if (!l)
        cli_die(CLI_FAIL, "%s", strerror(errno));
    *l = (struct loader){.name = file ? file : "standard input",
                         .strict = file != NULL,
                         .format = format,
                         .negative = negative,
                         .graph = graph,
                         .word = word,
                         .list = {.graph = graph, .negative = negative}};
    int fd = file ? open(file, O_RDONLY | O_CLOEXEC) : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    l->input = fd < 0 ? NULL : input_open(fd, file != NULL, word);
    if (!l->input)
        die(l, strerror(errno));
    return l;
}

void loader_close(struct loader *l)
{
    input_close(l->input);
    edgelist_free(&l->list);
    free(l->text);
    free(l);
}

bool loader_ended(const struct loader *l)
{
    return !l->input;
}

bool loader_failed(const struct loader *l)
{
    return l->bad_lines > 0;
}

/* Appends text, which it frees. 0, or -1 with ENOMEM. */
static int append(struct loader *l, char *text, size_t bytes)
{
    if (!l->bytes) {
        free(l->text);
        l->text = text;
    } else {
        char *grown = bytes ? realloc(l->text, l->bytes + bytes) : l->text;
        if (grown && bytes)
            memcpy(grown + l->bytes, text, bytes);
        free(text);
        if (!grown)
            return -1;
        l->text = grown;
    }
    l->bytes += bytes;
    return 0;
}

/* Takes the input that has arrived. false: none. */
static bool take(struct loader *l)
{
    char *text;
    size_t bytes;
    bool end;
    int got = l->input ? input_take(l->input, &text, &bytes, &end) : 0;
    if (got < 0 || (got && append(l, text, bytes)))
        die(l, strerror(errno));
    if (!got)
        return false;
    l->ended = end;
    return true;
}

static void load_lines(struct loader *l)
{
    size_t loaded = 0;
    bool bad = true;
    while (bad) {
        loaded += edgelist_parse(&l->list, l->text + loaded, l->bytes - loaded, l->ended, &bad);
        if (bad && l->strict)
            die(l, l->list.error);
        if (bad && !l->bad_lines++)
            cli_warn("%s: %s; left out", l->name, l->list.error);
    }
    l->bytes -= loaded;
    if (loaded && l->bytes)
        memmove(l->text, l->text + loaded, l->bytes);
    if (l->ended && l->bad_lines > 1)
        cli_warn("%s: %" PRIu64 " more lines left out", l->name, l->bad_lines - 1);
}

static void end_input(struct loader *l)
{
    if (!l->ended)
        return;
    input_close(l->input);
    l->input = NULL;
}

/* Sleeps until something has arrived. false: a signal arrived first. */
static bool wait_for_input(struct loader *l)
{
    while (!cli_stopped()) {
        uint32_t seen = atomic_load(l->word);
        if (take(l))
            return true;
        futex_wait(l->word, seen, NULL);
    }
    return false;
}

/* Decodes the text and detects its format. false: there is not enough of it yet. */
static bool prepare(struct loader *l)
{
    const char *why = NULL;
    if (l->prepared || !l->bytes)
        return l->prepared;
    if (!l->ended && textfile_encoded(l->text, l->bytes))
        return false;
    if (l->ended && textfile_decode(&l->text, &l->bytes))
        die(l, errno == EILSEQ  ? "damaged, or not compressed by gzip"
               : errno == EFBIG ? "more than 16 GiB when decompressed"
                                : strerror(errno));
    size_t mark = textfile_mark(l->text, l->bytes);
    l->bytes -= mark;
    memmove(l->text, l->text + mark, l->bytes);
    if (l->format == FORMAT_ANY)
        why = fileformat_unsupported(l->text, l->bytes);
    if (why)
        die(l, why);
    if (l->format == FORMAT_ANY)
        l->format = fileformat_detect(l->text, l->bytes);
    l->prepared = true;
    return true;
}

static int load_file(struct loader *l)
{
    bool xml = l->format == FORMAT_GRAPHML || l->format == FORMAT_GEXF; /* declares its encoding */
    if (!xml && memchr(l->text, 0, l->bytes))
        return report_error(&l->report, "binary data; use a text file");
    if (!xml && !utf8_valid(l->text, l->bytes))
        return report_error(&l->report,
                            "not UTF-8; convert it, for example with iconv -f LATIN1 -t UTF-8");
    switch (l->format) {
    case FORMAT_PAJEK:
        return pajek_read(l->graph, l->text, l->bytes, l->negative, &l->report);
    case FORMAT_GRAPHML:
    case FORMAT_GEXF:
        return xmlgraph_read(l->graph, l->text, l->bytes, l->negative, &l->report);
    default:
        return igraphio_read(l->graph, l->format, l->text, l->bytes, l->negative, &l->report);
    }
}

bool loader_start(struct loader *l)
{
    while (!l->graph->nodes && !cli_stopped()) {
        if (l->ended)
            die(l, "contains no nodes");
        if (!wait_for_input(l))
            return false;
        if (!prepare(l))
            continue;
        if (l->format == FORMAT_EDGES) {
            load_lines(l);
        } else if (l->ended && l->bytes) {
            if (load_file(l) && !cli_stopped())
                die(l, l->report.error);
            l->bytes = 0;
        }
    }
    end_input(l);
    return !cli_stopped();
}

bool loader_update(struct loader *l)
{
    uint32_t nodes = l->graph->nodes, edges = l->graph->edges;
    if (!take(l))
        return false;
    load_lines(l);
    end_input(l);
    return l->graph->nodes != nodes || l->graph->edges != edges;
}

static const char *title(const struct loader *l)
{
    if (l->format != FORMAT_EDGES || l->list.separator == FIELDS_BLANK)
        return fileformat_title(l->format);
    return l->list.separator == ','   ? "CSV with commas"
           : l->list.separator == ';' ? "CSV with semicolons"
                                      : "CSV with tabs";
}

static const char *plural(uint32_t count)
{
    return count == 1 ? "" : "s";
}

void loader_summary(const struct loader *l, uint32_t components, bool always)
{
    struct report left_out = l->report;
    bool header = l->list.header && l->list.separator == FIELDS_BLANK;
    if (l->list.ignored)
        report_left_out(&left_out, "other columns");
    report_negatives(&left_out, l->list.negatives);
    if (l->graph->attributes.left_out)
        report_left_out(&left_out, "attributes after the first %d", NET_ATTRIBUTES_MAX);
    if (!always && !header && !*left_out.left_out)
        return;
    if (l->graph->loops)
        report_left_out(&left_out, "%" PRIu64 " loops", l->graph->loops);
    bool left = *left_out.left_out;
    cli_warn("%s: %s%s, %" PRIu32 " node%s, %" PRIu32 " edge%s, %" PRIu32 " component%s%s%s",
             l->name, title(l), l->list.header ? " with a header" : "", l->graph->nodes,
             plural(l->graph->nodes), l->graph->edges, plural(l->graph->edges), components,
             plural(components), left ? "; left out: " : "", left_out.left_out);
}
