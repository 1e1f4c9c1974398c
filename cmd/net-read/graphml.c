#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "output.h"

/* The columns of nodes besides the attributes. */
static const char *const node_keys[] = {"x", "y", "z", "degree", "community", "part"};

static void put_key(const char *id, const char *scope, const char *name, const char *type)
{
    printf("  <key id=\"%s\" for=\"%s\" attr.name=\"", id, scope);
    output_xml(name, strlen(name));
    printf("\" attr.type=\"%s\"/>\n", type);
}

static void put_keys(const struct output *o)
{
    put_key("name", "node", "name", "string");
    for (unsigned k = 0; k < 6; k++)
        if (k != 2 || o->dimensions == 3)
            put_key(node_keys[k], "node", node_keys[k], k < 3 ? "double" : "int");
    put_key("weight", "edge", "weight", "double");
    for (uint32_t i = 0; i < o->net->attributes; i++) {
        const struct net_attribute *a = &o->net->attribute[i];
        char id[16];
        snprintf(id, sizeof id, "a%" PRIu32, i);
        if (output_attribute(a))
            put_key(id, a->of_edges ? "edge" : "node", a->name, a->texts ? "string" : "double");
    }
}

static void put_attributes(const struct output *o, bool of_edges, uint32_t item)
{
    for (uint32_t i = 0; i < o->net->attributes; i++) {
        const struct net_attribute *a = &o->net->attribute[i];
        size_t bytes;
        const char *text = a->of_edges == of_edges ? netattribute_text(a, item, &bytes) : NULL;
        bool number = a->of_edges == of_edges && !a->texts && !isnan(a->number[item]);
        if (!output_attribute(a) || (!text && !number))
            continue;
        printf("<data key=\"a%" PRIu32 "\">", i);
        if (text)
            output_xml(text, bytes);
        else
            printf("%.15g", a->number[item]);
        fputs("</data>", stdout);
    }
}

static void put_node(const struct output *o, uint32_t i)
{
    const struct net *net = o->net;
    char buffer[16];
    size_t bytes;
    const char *name = output_name(o, i, buffer, &bytes);
    printf("    <node id=\"n%" PRIu32 "\"><data key=\"name\">", i);
    output_xml(name, bytes);
    fputs("</data>", stdout);
    for (unsigned k = 0; k < o->dimensions; k++)
        printf("<data key=\"%s\">%.9g</data>", node_keys[k],
               (double)o->at[(size_t)i * o->dimensions + k]);
    const uint32_t counts[3] = {net->degree[i], net->community[i] + 1, o->part[i] + 1};
    for (unsigned k = 0; k < 3; k++)
        printf("<data key=\"%s\">%" PRIu32 "</data>", node_keys[3 + k], counts[k]);
    put_attributes(o, false, i);
    puts("</node>");
}

void graphml_print(const struct output *o)
{
    const struct net *net = o->net;
    puts("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
         "<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">");
    put_keys(o);
    puts("  <graph edgedefault=\"undirected\">");
    for (uint32_t i = 0; i < net->nodes; i++)
        if (output_node(o, i))
            put_node(o, i);
    for (uint32_t i = 0; i < net->edges; i++) {
        if (!output_edge(o, i))
            continue;
        printf("    <edge source=\"n%" PRIu32 "\" target=\"n%" PRIu32 "\">",
               net->edge[2 * (size_t)i], net->edge[2 * (size_t)i + 1]);
        printf("<data key=\"weight\">%.9g</data>", net->weight ? (double)net->weight[i] : 1);
        put_attributes(o, true, i);
        puts("</edge>");
    }
    puts("  </graph>\n</graphml>");
}
