/*
 * A network's packet: net_read of any bytes. An accepted network is valid in every number, and is
 * written as the same bytes. The first byte selects whether the rest is read unchanged, or after a
 * valid header with small counts, so that the sections are reached.
 */
#include "fuzz.h"
#include "net/net.h"
#include "utf8.h"
#include <errno.h>

enum { ROOM = 8192 };

/* A packet with counts from the input, its sections filled from the rest. */
static size_t build(struct input *in, unsigned char packet[ROOM])
{
    static const uint32_t none[300];
    static const float ones[200];
    static const double numbers[100];
    static const uint32_t text_at[4];
    const struct net_attribute attributes[2] = {
        {.name = "numbers", .of_edges = true, .number = numbers},
        {.name = "texts", .texts = 3, .text = none, .text_at = text_at, .chars = ""}};
    uint32_t name_at[65] = {0};
    struct net net = {.nodes = 1 + take(in) % 64, .edges = take(in) % 100};
    net.communities = 1 + take(in) % net.nodes;
    net.degree = net.community = net.edge = none;
    unsigned what = take(in);
    net.weight = what & 1 ? ones : NULL;
    if (what & 2) {
        for (uint32_t i = 0; i < net.nodes; i++)
            name_at[i + 1] = name_at[i] + (what >> 4);
        net.name_at = name_at;
        net.names = (const char *)none;
    }
    net.attributes = what >> 2 & 3 ? (what >> 2 & 3) - 1 : 0;
    net.attribute = attributes;
    size_t bytes = net_bytes(&net), head = sizeof(struct net_head);
    CHECK(bytes && bytes <= ROOM);
    net_write(&net, packet);
    for (size_t i = head; i < bytes && in->left; i++)
        packet[i] = (unsigned char)take(in);
    return bytes;
}

static volatile double sum; /* of all numbers, so that each is read */

static void look(const struct net *net, const void *packet, size_t bytes)
{
    CHECK(net->nodes >= 1 && net->communities >= 1 && net->communities <= net->nodes);
    for (uint32_t i = 0; i < net->nodes; i++) {
        size_t length;
        const char *name = net_name(net, i, &length);
        CHECK(net->community[i] < net->communities);
        CHECK(length <= NET_NAME_MAX && utf8_printable(name, length));
    }
    for (uint32_t i = 0; i < net->edges; i++) {
        CHECK(net->edge[2 * i] < net->nodes && net->edge[2 * i + 1] < net->nodes);
        CHECK(net->edge[2 * i] != net->edge[2 * i + 1]);
        CHECK(!net->weight || net->weight[i] >= 0);
    }
    for (uint32_t k = 0; k < net->attributes; k++) {
        const struct net_attribute *a = &net->attribute[k];
        CHECK(*a->name && memchr(a->name, 0, sizeof a->name));
        CHECK(net_attribute(net, a->of_edges, a->name));
        for (uint32_t i = 0; i < (a->of_edges ? net->edges : net->nodes); i++) {
            size_t length;
            const char *text = netattribute_text(a, i, &length);
            CHECK(!text || (length <= NET_TEXT_MAX && utf8_printable(text, length)));
            sum += a->texts ? 0 : a->number[i];
        }
    }
    CHECK(net_bytes(net) == bytes);
    unsigned char *again = malloc(bytes);
    CHECK(again);
    net_write(net, again);
    struct net *second = net_read(again, bytes); /* the same, except padding */
    CHECK(second && net_bytes(second) == bytes);
    CHECK(!memcmp(again, packet, sizeof(struct net_head)));
    net_free(second);
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    unsigned char packet[ROOM];
    struct input in = {data, bytes};
    size_t length = 0;
    if (take(&in) & 1)
        length = build(&in, packet);
    else
        for (; in.left && length < ROOM; length++)
            packet[length] = (unsigned char)take(&in);
    unsigned char *exact = malloc(length ? length : 1);
    CHECK(exact);
    memcpy(exact, packet, length);
    errno = 0;
    struct net *net = net_read(exact, length);
    if (net)
        look(net, exact, length);
    else
        CHECK(errno == EPROTO || errno == EPROTONOSUPPORT);
    net_free(net);
    free(exact);
    return 0;
}
