#include "namesearch.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum match { NO, CONTAINS, BEGINS, SAME };

static enum match compare(const char *name, size_t bytes, const char *wanted, size_t length)
{
    if (!length || bytes < length)
        return NO;
    if (bytes == length && !memcmp(name, wanted, bytes))
        return SAME;
    if (!strncasecmp(name, wanted, length))
        return BEGINS;
    for (size_t at = 1; at + length <= bytes; at++)
        if (!strncasecmp(name + at, wanted, length))
            return CONTAINS;
    return NO;
}

uint32_t namesearch_find(const struct scene *scene, const char *name)
{
    uint32_t best = SCENE_NONE;
    enum match reached = NO;
    size_t length = strlen(name);
    for (uint32_t k = 0; k < scene->net->nodes && reached < SAME; k++) {
        uint32_t node = scene->by_degree[k];
        char number[16];
        size_t bytes;
        if (scene->style.hidden && scene->style.hidden[node])
            continue;
        const char *has = net_name(scene->net, node, &bytes);
        if (!bytes) {
            bytes = (size_t)snprintf(number, sizeof number, "%" PRIu32, node);
            has = number;
        }
        enum match match = compare(has, bytes, name, length);
        if (match > reached) {
            reached = match;
            best = node;
        }
    }
    return best;
}
