/*
 * net-put STREAM: publishes a network in an existing stream, in place of net-layout. Lines on
 * stdin:
 *   node X Y Z COMMUNITY [NAME]  adds a node
 *   edge A B                     adds an edge between two nodes, numbered from 0
 *   attribute KIND NAME VALUE…   adds numbers or texts of nodes: KIND is numbers, texts, or
 *                                edge-numbers or edge-texts for those of edges
 *   random NODES EDGES           adds a random network of clusters
 *   place NODE X Y Z             moves a node
 *   show                         publishes the network if it has changed, and the positions
 *   go N                         publishes N times, with all nodes moved a little
 * Prints "shown" after each show and go. Ends at the end of its input.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "net/net.h"
#include "pixfmt.h"
#include "support/random.h"
#include "ring.h"
#include "stream.h"

enum { NODES = 1 << 20, EDGES = 1 << 22, ATTRIBUTES = 8, VALUES = 64 };

static uint32_t degree[NODES], community[NODES], edge[EDGES * 2], name_at[NODES + 1];
static float place[NODES * 3];
static char names[NODES * 8];
static struct net_attribute attribute[ATTRIBUTES];
static double numbers[ATTRIBUTES][VALUES];
static uint32_t text_of[ATTRIBUTES][VALUES], text_at[ATTRIBUTES][VALUES + 1];
static char texts[ATTRIBUTES][512];
static struct net net = {.degree = degree,
                         .community = community,
                         .edge = edge,
                         .name_at = name_at,
                         .names = names,
                         .attribute = attribute,
                         .communities = 1};
static bool changed;
static struct ring *nets, *frames;

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "net-put: %s: %s\n", what, strerror(errno));
    exit(3);
}

static void add_node(const float at[3], uint32_t in, const char *name)
{
    uint32_t i = net.nodes++;
    memcpy(place + 3 * (size_t)i, at, 3 * sizeof(float));
    community[i] = in;
    if (in >= net.communities)
        net.communities = in + 1;
    memcpy(names + name_at[i], name, strlen(name));
    name_at[i + 1] = name_at[i] + (uint32_t)strlen(name);
    changed = true;
}

static void add_edge(uint32_t a, uint32_t b)
{
    edge[2 * (size_t)net.edges] = a;
    edge[2 * (size_t)net.edges + 1] = b;
    net.edges++;
    degree[a]++;
    degree[b]++;
    changed = true;
}

/* Each value is a text of its own, also where it repeats another. */
static void add_attribute(char *line)
{
    uint32_t i = net.attributes++, count = 0;
    struct net_attribute *a = &attribute[i];
    const char *kind = strtok(line, " "), *name = strtok(NULL, " "), *value;
    a->of_edges = kind && !strncmp(kind, "edge-", 5);
    snprintf(a->name, sizeof a->name, "%s", name ? name : "");
    while (count < VALUES && (value = strtok(NULL, " \n"))) {
        numbers[i][count] = strtod(value, NULL);
        text_of[i][count] = count;
        memcpy(texts[i] + text_at[i][count], value, strlen(value));
        text_at[i][count + 1] = text_at[i][count] + (uint32_t)strlen(value);
        count++;
    }
    a->texts = kind && strstr(kind, "texts") ? count : 0;
    a->number = numbers[i];
    a->text = text_of[i];
    a->text_at = text_at[i];
    a->chars = texts[i];
    changed = true;
}

static void publish(struct ring *ring, uint32_t format, size_t bytes)
{
    struct ring_meta meta = {.bytes = bytes, .width = 3, .height = net.nodes, .format = format};
    void *slot = ring_begin(ring);
    if (!slot || bytes > ring_capacity(ring))
        die("no slot");
    if (ring == nets)
        net_write(&net, slot);
    else
        memcpy(slot, place, bytes);
    ring_commit(ring, &meta);
}

static void show(void)
{
    if (changed)
        publish(nets, 0, net_bytes(&net));
    changed = false;
    publish(frames, PIXFMT_F32, (size_t)net.nodes * 12);
}

static float noise(void)
{
    return (float)(random_bits() >> 40) / (1 << 23) - 1;
}

/* Most edges connect nodes within a cluster to its first nodes. */
static void make_random(uint32_t nodes, uint32_t edges)
{
    uint32_t clusters = 24, each = nodes / clusters + 1;
    float middle[3] = {0}, size = 0;
    for (uint32_t i = 0; i < nodes; i++) {
        float at[3];
        for (int k = 0; i % each == 0 && k < 3; k++)
            middle[k] = 40 * noise();
        size = i % each == 0 ? 6 + 4 * noise() : size;
        for (int k = 0; k < 3; k++)
            at[k] = middle[k] + size * (noise() + noise() + noise() + noise());
        add_node(at, i / each, "");
    }
    while (net.edges < edges) {
        uint32_t a = (uint32_t)(random_bits() % nodes), first = a / each * each;
        uint32_t span = first + each < nodes ? each : nodes - first;
        uint64_t pull = random_bits() % span;
        uint32_t b = net.edges % 40 ? first + (uint32_t)(pull * (random_bits() % span) / span)
                                    : (uint32_t)(random_bits() % nodes);
        if (a != b)
            add_edge(a, b);
    }
}

static void go(unsigned times)
{
    for (unsigned t = 0; t < times; t++) {
        for (size_t i = 0; i < (size_t)net.nodes * 3; i++)
            place[i] *= 1.0f + 0.01f * sinf((float)(i % 97) + (float)t);
        show();
    }
}

int main(int argc, char **argv)
{
    char line[512], name[256];
    struct stream *stream = argc == 2 ? stream_attach(argv[1], STREAM_WRITE) : NULL;
    if (!stream || !(nets = ring_open_writer(stream, RING_PACKETS)) ||
        !(frames = ring_open_writer(stream, RING_FRAMES)))
        die(argc == 2 ? argv[1] : "usage");
    ring_set_packet_kind(nets, SHMFMT_PACKET_NET);
    setvbuf(stdout, NULL, _IOLBF, 0);
    while (fgets(line, sizeof line, stdin)) {
        float at[3];
        uint32_t a, b;
        *name = 0;
        if (sscanf(line, "node %f %f %f %" SCNu32 " %255[^\n]", &at[0], &at[1], &at[2], &a, name) >=
            4)
            add_node(at, a, name);
        else if (sscanf(line, "place %" SCNu32 " %f %f %f", &a, &at[0], &at[1], &at[2]) == 4)
            memcpy(place + 3 * (size_t)a, at, sizeof at);
        else if (sscanf(line, "edge %" SCNu32 " %" SCNu32, &a, &b) == 2)
            add_edge(a, b);
        else if (sscanf(line, "random %" SCNu32 " %" SCNu32, &a, &b) == 2)
            make_random(a, b);
        else if (!strncmp(line, "attribute ", 10))
            add_attribute(line + 10);
        else if (sscanf(line, "go %" SCNu32, &a) == 1)
            go(a);
        else
            show();
        if (!strncmp(line, "show", 4) || !strncmp(line, "go", 2))
            puts("shown");
    }
    ring_close(nets);
    ring_close(frames);
    stream_close(stream);
    return 0;
}
