#include "output.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool output_node(const struct output *o, uint32_t node)
{
    return !o->style->hidden || !o->style->hidden[node];
}

bool output_edge(const struct output *o, uint32_t edge)
{
    const uint32_t *ends = o->net->edge + 2 * (size_t)edge;
    return output_node(o, ends[0]) && output_node(o, ends[1]) &&
           (!o->style->edge_hidden || !o->style->edge_hidden[edge]);
}

const char *output_name(const struct output *o, uint32_t node, char buffer[16], size_t *bytes)
{
    const char *name = net_name(o->net, node, bytes);
    if (*bytes)
        return name;
    *bytes = (size_t)snprintf(buffer, 16, "%" PRIu32, node);
    return buffer;
}

bool output_attribute(const struct net_attribute *a)
{
    static const char *const nodes[] = {"name", "x", "y", "z", "degree", "community", "part", NULL},
                             *const edges[] = {"source", "target", "weight", NULL};
    for (const char *const *column = a->of_edges ? edges : nodes; *column; column++)
        if (!strcmp(a->name, *column))
            return false;
    return true;
}

void output_xml(const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        switch (text[i]) {
        case '&':
            fputs("&amp;", stdout);
            break;
        case '<':
            fputs("&lt;", stdout);
            break;
        case '>':
            fputs("&gt;", stdout);
            break;
        case '"':
            fputs("&quot;", stdout);
            break;
        default:
            if (bytes - i > 2 &&
                (!memcmp(text + i, "\xef\xbf\xbe", 3) || !memcmp(text + i, "\xef\xbf\xbf", 3))) {
                fputs("\xef\xbf\xbd", stdout);
                i += 2;
            } else {
                putchar(text[i]);
            }
        }
}
