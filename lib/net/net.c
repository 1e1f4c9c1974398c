#include "net/net.h"
#include "net/netsection.h"
#include "utf8.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(struct net_head) == 96, "net_head");
_Static_assert(offsetof(struct net_head, degrees_at) == 40, "net_head.degrees_at");
_Static_assert(offsetof(struct net_head, text_bytes) == 88, "net_head.text_bytes");

/* Memory of a network from net_read, which its pointers point into. */
struct copy {
    struct net net;
    struct net_attribute attribute[NET_ATTRIBUTES_MAX];
    _Alignas(8) unsigned char packet[];
};

/* Computes the offsets of the sections. All follow from the counts, so a reader only compares.
 * Returns the end of the sections, where the attributes begin. */
static uint64_t head_plan(struct net_head *h, bool weights, bool names)
{
    uint64_t at = sizeof *h;
    h->magic = NET_MAGIC;
    h->version = h->attributes ? NET_VERSION_ATTRIBUTES : NET_VERSION;
    h->head_bytes = sizeof *h;
    h->degrees_at = at;
    at += netsection_pad(UINT64_C(4) * h->nodes);
    h->communities_at = at;
    at += netsection_pad(UINT64_C(4) * h->nodes);
    h->edges_at = at;
    at += UINT64_C(8) * h->edges;
    h->weights_at = weights ? at : 0;
    at += weights ? netsection_pad(UINT64_C(4) * h->edges) : 0;
    h->names_at = names ? at : 0;
    at += names ? netsection_pad(4 * (UINT64_C(1) + h->nodes)) : 0;
    h->text_at = names ? at : 0;
    at += names ? netsection_pad(h->text_bytes) : 0;
    return at;
}

static bool counts_sound(const struct net_head *h)
{
    return h->nodes >= 1 && h->nodes <= NET_NODES_MAX && h->edges <= NET_EDGES_MAX &&
           h->communities >= 1 && h->communities <= h->nodes && h->text_bytes <= UINT32_MAX &&
           h->attributes <= NET_ATTRIBUTES_MAX;
}

/* Sets the head; *attributes_at: offset of the attributes. false: the counts are invalid. */
static bool head_of(const struct net *net, struct net_head *h, uint64_t *attributes_at)
{
    struct net_attribute_head heads[NET_ATTRIBUTES_MAX];
    *h = (struct net_head){.nodes = net->nodes,
                           .edges = net->edges,
                           .communities = net->communities,
                           .attributes = net->attributes,
                           .text_bytes = net->name_at ? net->name_at[net->nodes] : 0};
    *attributes_at = head_plan(h, net->weight, net->name_at);
    if (!counts_sound(h))
        return false;
    h->bytes = netattribute_plan(net->attribute, net->attributes, net->nodes, net->edges,
                                 *attributes_at, heads);
    return true;
}

size_t net_bytes(const struct net *net)
{
    struct net_head h;
    uint64_t attributes_at;
    return head_of(net, &h, &attributes_at) && h.bytes <= SIZE_MAX / 2 ? (size_t)h.bytes : 0;
}

void net_write(const struct net *net, void *packet)
{
    struct net_head h;
    uint64_t attributes_at;
    if (!head_of(net, &h, &attributes_at))
        return;
    memcpy(packet, &h, sizeof h);
    netsection_write(packet, h.degrees_at, net->degree, UINT64_C(4) * h.nodes);
    netsection_write(packet, h.communities_at, net->community, UINT64_C(4) * h.nodes);
    netsection_write(packet, h.edges_at, net->edge, UINT64_C(8) * h.edges);
    if (h.weights_at)
        netsection_write(packet, h.weights_at, net->weight, UINT64_C(4) * h.edges);
    if (h.names_at) {
        netsection_write(packet, h.names_at, net->name_at, 4 * (UINT64_C(1) + h.nodes));
        netsection_write(packet, h.text_at, net->names, h.text_bytes);
    }
    netattribute_write(net->attribute, net->attributes, net->nodes, net->edges, packet,
                       attributes_at);
}

static bool all_below(const uint32_t *values, uint64_t count, uint32_t limit)
{
    for (uint64_t i = 0; i < count; i++)
        if (values[i] >= limit)
            return false;
    return true;
}

static bool edges_sound(const struct net *net)
{
    if (!all_below(net->edge, UINT64_C(2) * net->edges, net->nodes))
        return false;
    for (uint32_t i = 0; i < net->edges; i++)
        if (net->edge[2 * (size_t)i] == net->edge[2 * (size_t)i + 1])
            return false;
    for (uint32_t i = 0; net->weight && i < net->edges; i++)
        if (!(net->weight[i] >= 0 && net->weight[i] <= 3.4e38f))
            return false;
    return true;
}

static bool names_sound(const struct net *net, uint64_t text_bytes)
{
    if (!net->name_at)
        return text_bytes == 0;
    if (net->name_at[0] != 0 || net->name_at[net->nodes] != text_bytes)
        return false;
    for (uint32_t i = 0; i < net->nodes; i++) {
        uint32_t at = net->name_at[i], end = net->name_at[i + 1];
        if (end < at || end > text_bytes || end - at > NET_NAME_MAX ||
            !utf8_printable(net->names + at, end - at))
            return false;
    }
    return true;
}

/* Checks the copy, which no other program can change. 0, or an errno. */
static int check(struct copy *copy, size_t bytes)
{
    const unsigned char *packet = copy->packet;
    struct net *net = &copy->net;
    struct net_head h, plan;
    memcpy(&h, packet, sizeof h);
    if (h.magic != NET_MAGIC)
        return EPROTO;
    if (h.version != NET_VERSION && h.version != NET_VERSION_ATTRIBUTES)
        return EPROTONOSUPPORT;
    plan = h;
    uint64_t attributes_at = head_plan(&plan, h.weights_at, h.names_at);
    if (!counts_sound(&h) || memcmp(&plan, &h, sizeof h) || h.bytes != bytes ||
        !netattribute_read(copy->attribute, h.attributes, h.nodes, h.edges, packet, attributes_at,
                           bytes))
        return EPROTO;
    *net = (struct net){.nodes = h.nodes,
                        .edges = h.edges,
                        .communities = h.communities,
                        .degree = (const void *)(packet + h.degrees_at),
                        .community = (const void *)(packet + h.communities_at),
                        .edge = (const void *)(packet + h.edges_at),
                        .weight = h.weights_at ? (const void *)(packet + h.weights_at) : NULL,
                        .name_at = h.names_at ? (const void *)(packet + h.names_at) : NULL,
                        .names = h.names_at ? (const char *)packet + h.text_at : NULL,
                        .attributes = h.attributes,
                        .attribute = copy->attribute};
    return all_below(net->community, net->nodes, net->communities) && edges_sound(net) &&
                   names_sound(net, h.text_bytes)
               ? 0
               : EPROTO;
}

struct net *net_read(const void *packet, size_t bytes)
{
    int problem = EPROTO;
    if (bytes < sizeof(struct net_head)) {
        errno = problem;
        return NULL;
    }
    struct copy *copy = malloc(sizeof *copy + bytes);
    if (!copy)
        return NULL;
    memcpy(copy->packet, packet, bytes);
    problem = check(copy, bytes);
    if (!problem)
        return &copy->net;
    free(copy);
    errno = problem;
    return NULL;
}

void net_free(struct net *net)
{
    free(net); /* first member of struct copy */
}

const char *net_name(const struct net *net, uint32_t node, size_t *bytes)
{
    *bytes = 0;
    if (!net->name_at || node >= net->nodes)
        return "";
    *bytes = net->name_at[node + 1] - net->name_at[node];
    return net->names + net->name_at[node];
}

const struct net_attribute *net_attribute(const struct net *net, bool of_edges, const char *name)
{
    for (uint32_t i = 0; i < net->attributes; i++)
        if (net->attribute[i].of_edges == of_edges && !strcmp(net->attribute[i].name, name))
            return &net->attribute[i];
    return NULL;
}
