/* Maps text, such as the identifiers of nodes in a file, to numbers in order of insertion. */
#ifndef NET_LAYOUT_IDMAP_H
#define NET_LAYOUT_IDMAP_H

#include <stddef.h>
#include <stdint.h>

enum { IDMAP_NONE = UINT32_MAX };

/* A struct of zeros is empty. */
struct idmap {
    uint32_t count;
    char *text;      /* all keys, one after another */
    size_t *at;      /* [count + 1]: offset of each key in the text, and the end of the last */
    uint32_t *slots; /* hash table: number + 1, or 0 if empty */
    uint32_t slot_capacity;
    size_t text_capacity;
};

void idmap_free(struct idmap *map); /* frees the arrays, not the struct */

/* The number of the key, or IDMAP_NONE. */
uint32_t idmap_find(const struct idmap *map, const char *key, size_t bytes);

/* The number of the key, which is added if it is new: then it is the previous count. IDMAP_NONE:
 * ENOMEM. */
uint32_t idmap_add(struct idmap *map, const char *key, size_t bytes);

#endif
