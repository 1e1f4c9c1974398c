#include "net/netattribute.h"
#include "net/netsection.h"
#include "utf8.h"
#include <string.h>

_Static_assert(sizeof(struct net_attribute_head) == 104, "net_attribute_head");

static uint64_t items(const struct net_attribute_head *h, uint32_t nodes, uint32_t edges)
{
    return h->of_edges ? edges : nodes;
}

/* Sets the offsets, which follow from the counts, of sections from `at` on. Returns their end. */
static uint64_t plan_sections(struct net_attribute_head *heads, uint32_t count, uint32_t nodes,
                              uint32_t edges, uint64_t at)
{
    for (uint32_t i = 0; i < count; i++) {
        struct net_attribute_head *h = &heads[i];
        h->values_at = at;
        at += netsection_pad((h->texts ? 4 : 8) * items(h, nodes, edges));
        h->offsets_at = h->texts ? at : 0;
        at += h->texts ? netsection_pad(4 * (UINT64_C(1) + h->texts)) : 0;
        h->text_at = h->texts ? at : 0;
        at += h->texts ? netsection_pad(h->text_bytes) : 0;
    }
    return at;
}

uint64_t netattribute_plan(const struct net_attribute *attributes, uint32_t count, uint32_t nodes,
                           uint32_t edges, uint64_t at, struct net_attribute_head *heads)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct net_attribute *a = &attributes[i];
        heads[i] = (struct net_attribute_head){.of_edges = a->of_edges,
                                               .texts = a->texts,
                                               .text_bytes = a->texts ? a->text_at[a->texts] : 0};
        memcpy(heads[i].name, a->name, strnlen(a->name, sizeof a->name - 1));
    }
    return plan_sections(heads, count, nodes, edges, at + count * sizeof *heads);
}

void netattribute_write(const struct net_attribute *attributes, uint32_t count, uint32_t nodes,
                        uint32_t edges, void *packet, uint64_t at)
{
    struct net_attribute_head heads[NET_ATTRIBUTES_MAX];
    netattribute_plan(attributes, count, nodes, edges, at, heads);
    memcpy((unsigned char *)packet + at, heads, count * sizeof *heads);
    for (uint32_t i = 0; i < count; i++) {
        const struct net_attribute *a = &attributes[i];
        const struct net_attribute_head *h = &heads[i];
        uint64_t n = items(h, nodes, edges);
        if (h->texts) {
            netsection_write(packet, h->values_at, a->text, 4 * n);
            netsection_write(packet, h->offsets_at, a->text_at, 4 * (UINT64_C(1) + h->texts));
            netsection_write(packet, h->text_at, a->chars, h->text_bytes);
        } else {
            netsection_write(packet, h->values_at, a->number, 8 * n);
        }
    }
}

static bool name_sound(const char name[NET_ATTRIBUTE_NAME])
{
    size_t length = strnlen(name, NET_ATTRIBUTE_NAME);
    for (size_t i = length; i < NET_ATTRIBUTE_NAME; i++)
        if (name[i])
            return false;
    return length && length < NET_ATTRIBUTE_NAME && utf8_printable(name, length);
}

static bool texts_sound(const struct net_attribute *a, uint64_t n, uint64_t text_bytes)
{
    if (a->text_at[0] != 0 || a->text_at[a->texts] != text_bytes)
        return false;
    for (uint32_t i = 0; i < a->texts; i++) {
        uint32_t at = a->text_at[i], end = a->text_at[i + 1];
        if (end < at || end > text_bytes || end - at > NET_TEXT_MAX ||
            !utf8_printable(a->chars + at, end - at))
            return false;
    }
    for (uint64_t i = 0; i < n; i++)
        if (a->text[i] >= a->texts && a->text[i] != NET_NO_TEXT)
            return false;
    return true;
}

bool netattribute_read(struct net_attribute *attributes, uint32_t count, uint32_t nodes,
                       uint32_t edges, const unsigned char *packet, uint64_t at, uint64_t bytes)
{
    struct net_attribute_head heads[NET_ATTRIBUTES_MAX], planned[NET_ATTRIBUTES_MAX];
    size_t size = count * sizeof *heads;
    if (at > bytes || size > bytes - at)
        return false;
    memcpy(heads, packet + at, size);
    for (uint32_t i = 0; i < count; i++)
        if (heads[i].of_edges > 1 || heads[i].texts == NET_NO_TEXT ||
            heads[i].text_bytes > (heads[i].texts ? UINT32_MAX : 0) || !name_sound(heads[i].name))
            return false;
    memcpy(planned, heads, size);
    if (plan_sections(planned, count, nodes, edges, at + size) != bytes ||
        memcmp(planned, heads, size) != 0)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        const struct net_attribute_head *h = &heads[i];
        struct net_attribute *a = &attributes[i];
        const void *values = packet + h->values_at;
        *a = (struct net_attribute){.of_edges = h->of_edges, .texts = h->texts};
        memcpy(a->name, h->name, sizeof a->name);
        if (!h->texts) {
            a->number = values;
            continue;
        }
        a->text = values;
        a->text_at = (const void *)(packet + h->offsets_at);
        a->chars = (const char *)packet + h->text_at;
        if (!texts_sound(a, items(h, nodes, edges), h->text_bytes))
            return false;
    }
    return true;
}

const char *netattribute_text(const struct net_attribute *attribute, uint32_t item, size_t *bytes)
{
    *bytes = 0;
    if (!attribute->texts || attribute->text[item] == NET_NO_TEXT)
        return NULL;
    const uint32_t *at = attribute->text_at + attribute->text[item];
    *bytes = at[1] - at[0];
    return attribute->chars + at[0];
}
