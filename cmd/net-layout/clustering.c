#include "clustering.h"
#include "tool/thread.h"
#include <pthread.h>
#include <stdlib.h>
#include "futex.h"
#include "leiden.h"

enum state { BUSY, FOUND, FAILED };

/* Shared by the thread and its owner; the last one frees it. */
struct job {
    struct leiden *leiden;
    _Atomic uint32_t *word;
    uint64_t seed;
    _Atomic int state;
    _Atomic int owners;
};

struct clustering {
    _Atomic uint32_t *word;
    uint64_t seed;
    bool synchronous;
    struct job *job;
    uint32_t edges, nodes; /* of the graph at the last update */
    uint32_t job_edges;    /* edges of the graph when the last search began */
    bool found;            /* true if any search succeeded */
};

static void release(struct job *job)
{
    if (atomic_fetch_sub(&job->owners, 1) > 1)
        return;
    leiden_free(job->leiden);
    free(job);
}

static void *search(void *arg)
{
    struct job *job = arg;
    int state = leiden_find(job->leiden, job->seed) ? FAILED : FOUND;
    _Atomic uint32_t *word = job->word;
    atomic_store(&job->state, state);
    if (atomic_load(&job->owners) > 1)
        futex_wake(word);
    release(job);
    return NULL;
}

struct clustering *clustering_new(_Atomic uint32_t *word, uint64_t seed, bool synchronous)
{
    struct clustering *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->word = word;
    c->seed = seed;
    c->synchronous = synchronous;
    return c;
}

void clustering_free(struct clustering *c)
{
    if (!c)
        return;
    if (c->job)
        release(c->job);
    free(c);
}

/* Starts a search in a thread; if there is none, searches at once. */
static void start_search(struct clustering *c, const struct graph *graph)
{
    struct job *job = calloc(1, sizeof *job);
    pthread_t thread;
    if (!job)
        return;
    *job = (struct job){.word = c->word, .seed = c->seed, .owners = 2, .state = BUSY};
    job->leiden = leiden_new(graph);
    if (!job->leiden) {
        free(job);
        return;
    }
    c->job = job;
    c->job_edges = graph->edges;
    if (c->synchronous) {
        search(job);
        return;
    }
    if (thread_start(&thread, search, job) == 0)
        pthread_detach(thread);
    else
        search(job);
}

static bool take_result(struct clustering *c, struct graph *graph)
{
    int state = c->job ? atomic_load(&c->job->state) : BUSY;
    if (state == BUSY)
        return false;
    bool done = state == FOUND && !leiden_apply(c->job->leiden, graph);
    release(c->job);
    c->job = NULL;
    c->found = c->found || done;
    return done;
}

/* Nodes without a community join that of a neighbour, or else form their own. Before the first
 * result, all nodes form one community. */
static void assign_rest(const struct clustering *c, struct graph *g)
{
    for (uint32_t e = 0; c->found && e < g->edges; e++) {
        uint32_t *a = &g->community[g->edge[2 * (size_t)e]];
        uint32_t *b = &g->community[g->edge[2 * (size_t)e + 1]];
        if (*a == GRAPH_NO_COMMUNITY)
            *a = *b;
        else if (*b == GRAPH_NO_COMMUNITY)
            *b = *a;
    }
    if (!c->found)
        g->communities = 1;
    for (uint32_t i = 0; i < g->nodes; i++)
        if (!c->found)
            g->community[i] = 0;
        else if (g->community[i] == GRAPH_NO_COMMUNITY)
            g->community[i] = g->communities++;
}

bool clustering_update(struct clustering *c, struct graph *graph)
{
    bool grown = graph->nodes != c->nodes || graph->edges != c->edges;
    bool changed = take_result(c, graph);
    uint32_t searched = c->found ? c->job_edges : 0;
    if (!c->job && (!c->nodes || graph->edges > searched + searched / 10)) {
        start_search(c, graph);
        changed = (c->synchronous && take_result(c, graph)) || changed;
    }
    if (changed || grown)
        assign_rest(c, graph);
    c->nodes = graph->nodes;
    c->edges = graph->edges;
    return changed || grown;
}
