#include "idmap.h"
#include <string.h>
#include "array.h"

void idmap_free(struct idmap *map)
{
    free(map->text);
    free(map->at);
    free(map->slots);
    memset(map, 0, sizeof *map);
}

/* FNV-1a, 64 bits folded to 32. */
static uint32_t hash(const char *key, size_t bytes)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < bytes; i++)
        h = (h ^ (unsigned char)key[i]) * UINT64_C(0x100000001b3);
    return (uint32_t)(h ^ h >> 32);
}

/* The slot of the key, or the empty slot where it belongs. */
static uint32_t *find_slot(const struct idmap *map, const char *key, size_t bytes)
{
    uint32_t mask = map->slot_capacity - 1;
    for (uint32_t at = hash(key, bytes) & mask;; at = (at + 1) & mask) {
        uint32_t i = map->slots[at] - 1;
        if (!map->slots[at] ||
            (map->at[i + 1] - map->at[i] == bytes && !memcmp(map->text + map->at[i], key, bytes)))
            return &map->slots[at];
    }
}

/* Makes room for one more key. */
static int reserve(struct idmap *map, size_t bytes)
{
    size_t used = map->count ? map->at[map->count] : 0;
    if (used + bytes > map->text_capacity) {
        size_t capacity = 2 * (used + bytes) + 4096;
        if (array_resize(&map->text, capacity, 1))
            return -1;
        map->text_capacity = capacity;
    }
    if (map->slot_capacity && map->count < map->slot_capacity / 2)
        return 0;
    uint32_t capacity = map->slot_capacity ? 2 * map->slot_capacity : 4096;
    if (array_resize(&map->at, capacity / 2 + 1, sizeof *map->at))
        return -1;
    uint32_t *slots = calloc(capacity, sizeof *slots);
    if (!slots)
        return -1;
    free(map->slots);
    map->slots = slots;
    map->slot_capacity = capacity;
    map->at[0] = 0;
    for (uint32_t i = 0; i < map->count; i++)
        *find_slot(map, map->text + map->at[i], map->at[i + 1] - map->at[i]) = i + 1;
    return 0;
}

uint32_t idmap_find(const struct idmap *map, const char *key, size_t bytes)
{
    return map->slot_capacity ? *find_slot(map, key, bytes) - 1 : IDMAP_NONE;
}

uint32_t idmap_add(struct idmap *map, const char *key, size_t bytes)
{
    if (reserve(map, bytes))
        return IDMAP_NONE;
    uint32_t *slot = find_slot(map, key, bytes);
    if (!*slot) {
        memcpy(map->text + map->at[map->count], key, bytes);
        map->at[map->count + 1] = map->at[map->count] + bytes;
        *slot = ++map->count;
    }
    return *slot - 1;
}
