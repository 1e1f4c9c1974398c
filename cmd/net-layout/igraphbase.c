#include "igraphbase.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "tool/cli.h"

static _Thread_local char error[200];

/* Keeps the first line of the first report; igraph reports again in each function it unwinds. */
static void on_error(const char *reason, const char *file, int line, igraph_error_t code)
{
    (void)file;
    (void)line;
    if (!error[0])
        snprintf(error, sizeof error, "%.*s", (int)strcspn(reason, "\n"),
                 *reason ? reason : igraph_strerror(code));
    IGRAPH_FINALLY_FREE();
}

static void on_warning(const char *reason, const char *file, int line)
{
    (void)reason;
    (void)file;
    (void)line;
}

_Noreturn static void on_fatal(const char *reason, const char *file, int line)
{
    cli_die(CLI_FAIL, "igraph: %s (%s:%d)", reason, file, line);
}

#if IGRAPH_VERSION_MAJOR >= 1
static igraph_bool_t on_interruption(void)
{
    return cli_stopped() != 0;
}
#else
static igraph_error_t on_interruption(void *data)
{
    (void)data;
    if (!cli_stopped())
        return IGRAPH_SUCCESS;
    IGRAPH_FINALLY_FREE();
    return IGRAPH_INTERRUPTED;
}
#endif

void igraphbase_init(uint64_t seed)
{
    igraph_set_error_handler(on_error);
    igraph_set_warning_handler(on_warning);
    igraph_set_fatal_handler(on_fatal);
    igraph_set_interruption_handler(on_interruption);
    igraph_set_attribute_table(&igraph_cattribute_table);
    igraph_rng_seed(igraph_rng_default(), seed);
}

void igraphbase_clear_error(void)
{
    error[0] = 0;
}

void igraphbase_set_error(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(error, sizeof error, format, args);
    va_end(args);
}

const char *igraphbase_error(void)
{
    if (!error[0])
        igraphbase_set_error("%s", cli_stopped() ? "interrupted" : "igraph failed");
    return error;
}

int igraphbase_graph(const struct graph *graph, igraph_t *g, igraph_vector_t *weights)
{
    igraph_vector_int_t ends;
    if (igraph_vector_init(weights, graph->edges))
        return -1;
    for (uint32_t i = 0; i < graph->edges; i++)
        VECTOR(*weights)[i] = (double)graph->weight[i];
    if (igraph_vector_int_init(&ends, 2 * (igraph_integer_t)graph->edges)) {
        igraph_vector_destroy(weights);
        return -1;
    }
    for (size_t i = 0; i < 2 * (size_t)graph->edges; i++)
        VECTOR(ends)[i] = graph->edge[i];
    igraph_error_t failed = igraph_create(g, &ends, graph->nodes, IGRAPH_UNDIRECTED);
    igraph_vector_int_destroy(&ends);
    if (failed)
        igraph_vector_destroy(weights);
    return failed ? -1 : 0;
}
