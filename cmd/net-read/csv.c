#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "output.h"

/* Prints a field, in quotes where it would be read as something else. */
static void put_text(const char *text, size_t bytes)
{
    bool plain = bytes && text[0] != ' ' && text[bytes - 1] != ' ' && !strchr("#%", text[0]);
    for (size_t i = 0; i < bytes; i++)
        plain = plain && !strchr("\",;", text[i]);
    if (plain || !bytes) {
        fwrite(text, 1, bytes, stdout);
        return;
    }
    putchar('"');
    for (size_t i = 0; i < bytes; i++) {
        if (text[i] == '"')
            putchar('"');
        putchar(text[i]);
    }
    putchar('"');
}

static void put_name(const struct output *o, uint32_t node)
{
    char buffer[16];
    size_t bytes;
    const char *name = output_name(o, node, buffer, &bytes);
    put_text(name, bytes);
}

static void put_attributes(const struct output *o, bool of_edges, uint32_t item)
{
    for (uint32_t i = 0; i < o->net->attributes; i++) {
        const struct net_attribute *a = &o->net->attribute[i];
        size_t bytes;
        if (a->of_edges != of_edges || !output_attribute(a))
            continue;
        putchar(',');
        const char *text = netattribute_text(a, item, &bytes);
        if (text)
            put_text(text, bytes);
        else if (!a->texts && !isnan(a->number[item]))
            printf("%.15g", a->number[item]);
    }
    putchar('\n');
}

static void put_head(const struct output *o, bool of_edges, const char *columns)
{
    fputs(columns, stdout);
    for (uint32_t i = 0; i < o->net->attributes; i++) {
        const struct net_attribute *a = &o->net->attribute[i];
        if (a->of_edges != of_edges || !output_attribute(a))
            continue;
        putchar(',');
        put_text(a->name, strlen(a->name));
    }
    putchar('\n');
}

void csv_nodes(const struct output *o)
{
    const struct net *net = o->net;
    put_head(o, false,
             o->dimensions == 3 ? "name,x,y,z,degree,community,part"
                                : "name,x,y,degree,community,part");
    for (uint32_t i = 0; i < net->nodes; i++) {
        if (!output_node(o, i))
            continue;
        put_name(o, i);
        for (unsigned k = 0; k < o->dimensions; k++)
            printf(",%.9g", (double)o->at[(size_t)i * o->dimensions + k]);
        printf(",%" PRIu32 ",%" PRIu32 ",%" PRIu32, net->degree[i], net->community[i] + 1,
               o->part[i] + 1);
        put_attributes(o, false, i);
    }
}

void csv_edges(const struct output *o)
{
    const struct net *net = o->net;
    put_head(o, true, "source,target,weight");
    for (uint32_t i = 0; i < net->edges; i++) {
        if (!output_edge(o, i))
            continue;
        put_name(o, net->edge[2 * (size_t)i]);
        putchar(',');
        put_name(o, net->edge[2 * (size_t)i + 1]);
        printf(",%.9g", net->weight ? (double)net->weight[i] : 1);
        put_attributes(o, true, i);
    }
}
