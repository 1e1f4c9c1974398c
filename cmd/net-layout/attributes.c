#include "attributes.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "array.h"
#include "textfile.h"
#include "utf8.h"

void attributes_free(struct attributes *attributes)
{
    for (uint32_t i = 0; i < attributes->count; i++) {
        struct attribute *a = &attributes->list[i];
        idmap_free(&a->texts);
        free(a->value);
        free(a->numbers);
        free(a->text_at);
    }
    free(attributes->list);
    free(attributes->packed);
    memset(attributes, 0, sizeof *attributes);
}

uint32_t attributes_add(struct attributes *attributes, bool of_edges, const char *name,
                        size_t bytes)
{
    char text[NET_ATTRIBUTE_NAME] = "unnamed";
    bytes = utf8_cut(name, bytes, sizeof text - 1);
    if (bytes) {
        textfile_printable(text, name, bytes);
        text[bytes] = 0;
    }
    for (uint32_t i = 0; i < attributes->count; i++)
        if (attributes->list[i].of_edges == of_edges && !strcmp(attributes->list[i].name, text))
            return i;
    errno = 0;
    if (attributes->count == NET_ATTRIBUTES_MAX) {
        attributes->left_out++;
        return ATTRIBUTES_NONE;
    }
    if (array_resize(&attributes->list, attributes->count + 1, sizeof *attributes->list))
        return ATTRIBUTES_NONE;
    struct attribute *a = &attributes->list[attributes->count];
    *a = (struct attribute){.of_edges = of_edges};
    memcpy(a->name, text, sizeof a->name);
    attributes->changed = true;
    return attributes->count++;
}

/* Makes the attribute have values for this number of items. */
static int reserve(struct attribute *a, uint32_t items)
{
    if (items > a->capacity) {
        size_t capacity = 2 * (size_t)items + 64;
        capacity = capacity < UINT32_MAX ? capacity : UINT32_MAX;
        if (array_resize(&a->value, capacity, sizeof *a->value))
            return -1;
        a->capacity = (uint32_t)capacity;
    }
    if (items > a->count) {
        memset(a->value + a->count, 0, (items - a->count) * sizeof *a->value);
        a->count = items;
    }
    return 0;
}

int attributes_set(struct attributes *attributes, uint32_t attribute, uint32_t item,
                   const char *text, size_t bytes)
{
    char printable[NET_TEXT_MAX];
    if (attribute == ATTRIBUTES_NONE)
        return 0;
    struct attribute *a = &attributes->list[attribute];
    uint32_t number = 0;
    if (reserve(a, item + 1))
        return -1;
    bytes = utf8_cut(text, bytes, sizeof printable);
    if (bytes) {
        textfile_printable(printable, text, bytes);
        number = idmap_add(&a->texts, printable, bytes);
        if (number == IDMAP_NONE)
            return -1;
        number++;
        if (a->texts.at[a->texts.count] > UINT32_MAX) {
            errno = EOVERFLOW;
            return -1;
        }
    }
    attributes->changed = attributes->changed || a->value[item] != number;
    a->value[item] = number;
    return 0;
}

int attributes_default(struct attributes *attributes, uint32_t attribute, uint32_t items,
                       const char *text)
{
    if (attribute == ATTRIBUTES_NONE)
        return 0;
    struct attribute *a = &attributes->list[attribute];
    if (reserve(a, items))
        return -1;
    for (uint32_t i = 0; i < items; i++)
        if (!a->value[i] && attributes_set(attributes, attribute, i, text, strlen(text)))
            return -1;
    return 0;
}

int attributes_map_edges(struct attributes *attributes, const uint32_t *map, size_t edges)
{
    for (uint32_t i = 0; i < attributes->count; i++) {
        struct attribute *a = &attributes->list[i];
        uint32_t *old = a->value, count = a->count < edges ? a->count : (uint32_t)edges;
        int result = 0;
        if (!a->of_edges)
            continue;
        a->value = NULL;
        a->count = a->capacity = 0;
        for (uint32_t e = 0; e < count && !result; e++)
            if (old[e] && map[e] != ATTRIBUTES_NONE) {
                result = reserve(a, map[e] + 1);
                if (!result)
                    a->value[map[e]] = old[e];
            }
        free(old);
        if (result)
            return -1;
    }
    return 0;
}

/* Converts a text to a number; NAN if it is none. */
static double to_number(const struct attribute *a, uint32_t text)
{
    char number[64], *end;
    size_t at = a->texts.at[text], bytes = a->texts.at[text + 1] - at;
    if (bytes >= sizeof number)
        return NAN;
    memcpy(number, a->texts.text + at, bytes);
    number[bytes] = 0;
    double value = strtod(number, &end);
    return *end || strpbrk(number, "xX") || !isfinite(value) ? NAN : value;
}

/* Sets the numbers of all items, if each value is one. Returns whether. */
static bool pack_numbers(struct attribute *a, double *number_of, uint32_t items)
{
    for (uint32_t t = 0; t < a->texts.count; t++)
        number_of[t] = to_number(a, t);
    for (uint32_t i = 0; i < items; i++) {
        uint32_t value = i < a->count ? a->value[i] : 0;
        a->numbers[i] = value ? number_of[value - 1] : (double)NAN;
        if (value && isnan(a->numbers[i]))
            return false;
    }
    return true;
}

/* Sets the numbers of the texts of all items, and the texts' offsets. */
static int pack_texts(struct attribute *a, uint32_t *text, uint32_t items)
{
    if (array_resize(&a->text_at, (size_t)a->texts.count + 1, sizeof *a->text_at))
        return -1;
    for (uint32_t t = 0; t <= a->texts.count; t++)
        a->text_at[t] = (uint32_t)a->texts.at[t];
    for (uint32_t i = 0; i < items; i++)
        text[i] = i < a->count && a->value[i] ? a->value[i] - 1 : NET_NO_TEXT;
    return 0;
}

/* Drops texts that are not in use, when they are most of all. After ENOMEM the program ends. */
static int compact(struct attribute *a)
{
    struct idmap texts = {0};
    if (a->texts.count <= 2 * (uint64_t)a->count + 64)
        return 0;
    for (uint32_t i = 0; i < a->count; i++) {
        if (!a->value[i])
            continue;
        const size_t *at = a->texts.at + a->value[i] - 1;
        uint32_t number = idmap_add(&texts, a->texts.text + at[0], at[1] - at[0]);
        if (number == IDMAP_NONE) {
            idmap_free(&texts);
            return -1;
        }
        a->value[i] = number + 1;
    }
    idmap_free(&a->texts);
    a->texts = texts;
    return 0;
}

static int pack(struct attribute *a, struct net_attribute *out, uint32_t items)
{
    int result = -1;
    if (compact(a))
        return -1;
    double *number_of = malloc(a->texts.count * sizeof *number_of + 1);
    *out = (struct net_attribute){.of_edges = a->of_edges};
    memcpy(out->name, a->name, sizeof out->name);
    if (!number_of || array_resize(&a->numbers, (size_t)items + 1, sizeof *a->numbers))
        goto out;
    result = 0;
    if (pack_numbers(a, number_of, items)) {
        out->number = a->numbers;
    } else {
        uint32_t *text = (uint32_t *)(void *)a->numbers;
        result = pack_texts(a, text, items);
        out->texts = a->texts.count;
        out->text = text;
        out->text_at = a->text_at;
        out->chars = a->texts.text;
    }
out:
    free(number_of);
    return result;
}

int attributes_pack(struct attributes *attributes, uint32_t nodes, uint32_t edges)
{
    if (!attributes->count)
        return 0;
    if (array_resize(&attributes->packed, attributes->count, sizeof *attributes->packed))
        return -1;
    for (uint32_t i = 0; i < attributes->count; i++) {
        struct attribute *a = &attributes->list[i];
        if (pack(a, &attributes->packed[i], a->of_edges ? edges : nodes))
            return -1;
    }
    attributes->changed = false;
    return 0;
}

const struct net_attribute *attributes_numbers(const struct attributes *attributes,
                                               const char *name, uint32_t nodes)
{
    for (uint32_t i = 0; i < attributes->count; i++) {
        const struct net_attribute *a = &attributes->packed[i];
        uint32_t numbers = 0;
        if (a->of_edges || a->texts || strcmp(a->name, name) != 0)
            continue;
        while (numbers < nodes && !isnan(a->number[numbers]))
            numbers++;
        if (numbers == nodes)
            return a;
    }
    return NULL;
}
