#include "xmlkeys.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "array.h"

static const char *const attribute_names[] = {"name", "label",  "Label",  "id",
                                              NULL,   "weight", "Weight", "value"};

/* A declared attribute: <key> of GraphML, <attribute> of GEXF. */
struct xmlkey {
    enum meaning meaning;
    uint32_t of_nodes, of_edges; /* attributes of the graph, or ATTRIBUTES_NONE */
    char *fallback;              /* value of items without one, or NULL */
};

/* Values of other elements, which become attributes. */
static const struct look {
    const char *element, *from, *attribute;
    bool gexf;
} looks[] = {{"size", "value", "size", true},       {"thickness", "value", "thickness", true},
             {"position", "x", "x", true},          {"position", "y", "y", true},
             {"position", "z", "z", true},          {"color", "hex", "color", true},
             {"Fill", "color", "color", false},     {"LineStyle", "color", "color", false},
             {"LineStyle", "width", "width", false}};

void xmlkeys_free(struct xmlkeys *keys)
{
    for (uint32_t i = 0; i < keys->ids.count; i++)
        free(keys->keys[i].fallback);
    free(keys->keys);
    idmap_free(&keys->ids);
}

/* An attribute of the current element, or NULL. The caller frees it with xmlFree. */
static char *get(struct xmlkeys *k, const char *name)
{
    return (char *)xmlTextReaderGetAttribute(k->xml, (const xmlChar *)name);
}

/* Sets text to what identifies a key. Returns its length. */
static size_t identify(const struct xmlkeys *k, const char *id, bool of_edges, char text[256])
{
    int bytes = snprintf(text, 256, "%s%s", !k->gexf ? "" : of_edges ? "e" : "n", id);
    return bytes < 256 ? (size_t)bytes : 255;
}

/* Adds the attribute that a key declares, unless it is a name or a weight. 0, or -1 with ENOMEM. */
static int declare(struct xmlkeys *k, bool of_edges, enum meaning meaning, const char *name,
                   uint32_t *attribute)
{
    *attribute = ATTRIBUTES_NONE;
    if (!name || (meaning != NOTHING && (meaning >= WEIGHT_FIRST) == of_edges))
        return 0;
    *attribute = attributes_add(&k->graph->attributes, of_edges, name, strlen(name));
    return *attribute == ATTRIBUTES_NONE && errno ? -1 : 0;
}

/* Adds a key. */
static int add_key(struct xmlkeys *k, const char *id, const struct xmlkey *key)
{
    char text[256];
    size_t bytes = identify(k, id, k->of_edges, text);
    uint32_t known = k->ids.count, i = idmap_add(&k->ids, text, bytes);
    if (i == IDMAP_NONE)
        return -1;
    if (i == known && array_resize(&k->keys, k->ids.count, sizeof *k->keys)) {
        k->ids.count--;
        return -1;
    }
    if (i < known)
        free(k->keys[i].fallback);
    k->keys[i] = *key;
    k->in_key = xmlTextReaderIsEmptyElement(k->xml) ? IDMAP_NONE : i;
    return 0;
}

static int begin_key(struct xmlkeys *k)
{
    char *id = get(k, "id"), *name = get(k, k->gexf ? "title" : "attr.name"),
         *scope = k->gexf ? NULL : get(k, "for");
    bool all = !k->gexf && (!scope || !strcmp(scope, "all"));
    bool nodes = k->gexf ? !k->of_edges : all || !strcmp(scope, "node"),
         edges = k->gexf ? k->of_edges : all || !strcmp(scope, "edge");
    struct xmlkey key = {NOTHING, ATTRIBUTES_NONE, ATTRIBUTES_NONE, NULL};
    for (unsigned m = 0; !k->gexf && name && m < NOTHING; m++)
        if (attribute_names[m] && !strcmp(name, attribute_names[m]) &&
            (m <= NAME_LAST ? nodes : edges))
            key.meaning = m;
    int result = 0;
    if (id)
        result = (nodes && declare(k, false, key.meaning, name, &key.of_nodes)) ||
                         (edges && declare(k, true, key.meaning, name, &key.of_edges)) ||
                         add_key(k, id, &key)
                     ? -1
                     : 0;
    xmlFree(id);
    xmlFree(name);
    xmlFree(scope);
    return result;
}

/* Sets an attribute of the item, if there is one. */
static int set(struct xmlkeys *k, struct xmlitem item, uint32_t attribute, const char *text)
{
    return item.number == XMLITEM_NONE
               ? 0
               : attributes_set(&k->graph->attributes, attribute, item.number, text, strlen(text));
}

char *xmlkeys_data(struct xmlkeys *k, struct xmlitem item, enum meaning *meaning)
{
    char *id = get(k, k->gexf ? "for" : "key"), text[256];
    size_t bytes = id ? identify(k, id, item.is_edge, text) : 0;
    uint32_t i = id ? idmap_find(&k->ids, text, bytes) : IDMAP_NONE;
    xmlFree(id);
    errno = 0;
    if (i == IDMAP_NONE)
        return NULL;
    const struct xmlkey *key = &k->keys[i];
    char *value = k->gexf ? get(k, "value") : (char *)xmlTextReaderReadString(k->xml);
    if (value && set(k, item, item.is_edge ? key->of_edges : key->of_nodes, value)) {
        xmlFree(value);
        return NULL;
    }
    errno = 0;
    *meaning = key->meaning;
    return value;
}

static int begin_default(struct xmlkeys *k)
{
    if (k->in_key == IDMAP_NONE)
        return 0;
    char *text = (char *)xmlTextReaderReadString(k->xml), *end;
    struct xmlkey *key = &k->keys[k->in_key];
    if (!text)
        return 0;
    double weight = strtod(text, &end);
    if ((key->meaning == WEIGHT_FIRST || key->meaning == WEIGHT_FIRST + 1) && end != text)
        k->weight = weight;
    free(key->fallback);
    key->fallback = strdup(text);
    xmlFree(text);
    return key->fallback ? 0 : -1;
}

/* Sets an attribute of that name, which is added if it is new. */
static int set_named(struct xmlkeys *k, struct xmlitem item, const char *name, const char *text)
{
    uint32_t attribute = attributes_add(&k->graph->attributes, item.is_edge, name, strlen(name));
    if (attribute == ATTRIBUTES_NONE)
        return errno ? -1 : 0;
    return set(k, item, attribute, text);
}

/* The colour of GEXF in three numbers. */
static int set_rgb(struct xmlkeys *k, struct xmlitem item)
{
    char *r = get(k, "r"), *g = get(k, "g"), *b = get(k, "b"), hex[16];
    int result = 0;
    if (r && g && b) {
        snprintf(hex, sizeof hex, "#%02x%02x%02x", (unsigned)atoi(r) & 255, (unsigned)atoi(g) & 255,
                 (unsigned)atoi(b) & 255);
        result = set_named(k, item, "color", hex);
    }
    xmlFree(r);
    xmlFree(g);
    xmlFree(b);
    return result;
}

/* Takes colour, size and position of an item from an element. */
static int set_looks(struct xmlkeys *k, const char *element, struct xmlitem item)
{
    if (item.number == XMLITEM_NONE)
        return 0;
    if (k->gexf && !strcmp(element, "color") && set_rgb(k, item))
        return -1;
    for (unsigned i = 0; i < sizeof looks / sizeof looks[0]; i++) {
        if (looks[i].gexf != k->gexf || strcmp(element, looks[i].element) != 0)
            continue;
        char *text = get(k, looks[i].from);
        int result = text ? set_named(k, item, looks[i].attribute, text) : 0;
        xmlFree(text);
        if (result)
            return -1;
    }
    return 0;
}

/* <attributes> of GEXF. */
static void begin_keys(struct xmlkeys *k)
{
    char *class = get(k, "class");
    k->of_edges = class && !strcmp(class, "edge");
    xmlFree(class);
}

int xmlkeys_element(struct xmlkeys *k, const char *element, struct xmlitem item)
{
    if (!strcmp(element, k->gexf ? "attribute" : "key"))
        return begin_key(k);
    if (!strcmp(element, "default"))
        return begin_default(k);
    if (k->gexf && !strcmp(element, "attributes"))
        begin_keys(k);
    return set_looks(k, element, item);
}

void xmlkeys_end(struct xmlkeys *k, const char *element)
{
    if (!strcmp(element, k->gexf ? "attribute" : "key"))
        k->in_key = IDMAP_NONE;
}

int xmlkeys_defaults(struct xmlkeys *k)
{
    struct attributes *attributes = &k->graph->attributes;
    for (uint32_t i = 0; i < k->ids.count; i++) {
        const struct xmlkey *key = &k->keys[i];
        if (key->fallback &&
            (attributes_default(attributes, key->of_nodes, k->graph->nodes, key->fallback) ||
             attributes_default(attributes, key->of_edges, k->graph->edges, key->fallback)))
            return -1;
    }
    return 0;
}
