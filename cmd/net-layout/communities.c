#include "communities.h"
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include "read.h"
#include "futex.h"

enum state { IDLE, BUSY, FOUND, FAILED };

/* The thread and its owner hold it both: who is last frees it. */
struct job {
    struct grouping *grouping;
    _Atomic uint32_t *word;
    uint64_t seed;
    _Atomic int state;
    _Atomic int holders;
};

struct communities {
    _Atomic uint32_t *word;
    uint64_t seed;
    bool waits;
    struct job *job;
    uint32_t edges, nodes; /* of the graph when it was last looked at */
    uint32_t job_edges;
    bool found;
};

static void let_go(struct job *job)
{
    if (atomic_fetch_sub(&job->holders, 1) > 1)
        return;
    grouping_free(job->grouping);
    free(job);
}

static void *find(void *arg)
{
    struct job *job = arg;
    int state = grouping_find(job->grouping, job->seed) ? FAILED : FOUND;
    _Atomic uint32_t *word = job->word;
    atomic_store(&job->state, state);
    if (atomic_load(&job->holders) > 1)
        futex_wake(word);
    let_go(job);
    return NULL;
}

struct communities *communities_new(_Atomic uint32_t *word, uint64_t seed, bool waits)
{
    struct communities *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->word = word;
    c->seed = seed;
    c->waits = waits;
    return c;
}

void communities_free(struct communities *c)
{
    if (!c)
        return;
    if (c->job)
        let_go(c->job);
    free(c);
}

/* A thread that finds them; without it, or if need be, they are found here. */
static void begin(struct communities *c, const struct graph *graph)
{
    struct job *job = calloc(1, sizeof *job);
    pthread_t thread;
    pthread_attr_t attr;
    sigset_t all, old;
    if (!job)
        return;
    *job = (struct job){.word = c->word, .seed = c->seed, .holders = 2, .state = BUSY};
    job->grouping = grouping_new(graph);
    if (!job->grouping) {
        free(job);
        return;
    }
    c->job = job;
    c->job_edges = graph->edges;
    if (c->waits) {
        find(job);
        return;
    }
    sigfillset(&all);
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int err = pthread_create(&thread, &attr, find, job);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attr);
    if (err)
        find(job);
}

static bool take_found(struct communities *c, struct graph *graph)
{
    int state = c->job ? atomic_load(&c->job->state) : BUSY;
    if (state == BUSY)
        return false;
    bool done = state == FOUND && !grouping_apply(c->job->grouping, graph);
    let_go(c->job);
    c->job = NULL;
    c->found = c->found || done;
    return done;
}

/* Where its first neighbour is, or else alone. Before any were found all are one. */
static void place_rest(const struct communities *c, struct graph *g)
{
    for (uint32_t e = 0; c->found && e < g->edges; e++) {
        uint32_t *a = &g->community[g->edge[2 * (size_t)e]];
        uint32_t *b = &g->community[g->edge[2 * (size_t)e + 1]];
        if (*a == GRAPH_ALONE)
            *a = *b;
        else if (*b == GRAPH_ALONE)
            *b = *a;
    }
    if (!c->found)
        g->communities = 1;
    for (uint32_t i = 0; i < g->nodes; i++)
        if (!c->found)
            g->community[i] = 0;
        else if (g->community[i] == GRAPH_ALONE)
            g->community[i] = g->communities++;
}

bool communities_update(struct communities *c, struct graph *graph)
{
    bool grown = graph->nodes != c->nodes || graph->edges != c->edges;
    bool news = take_found(c, graph);
    uint32_t known = c->found ? c->job_edges : 0;
    if (!c->job && (!c->nodes || graph->edges > known + known / 10)) {
        begin(c, graph);
        news = (c->waits && take_found(c, graph)) || news;
    }
    if (news || grown)
        place_rest(c, graph);
    c->nodes = graph->nodes;
    c->edges = graph->edges;
    return news || grown;
}
