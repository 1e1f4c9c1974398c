#include "tool/scratch.h"
#include <stdlib.h>

void *scratch_get(struct scratch *scratch, size_t bytes)
{
    if (bytes <= scratch->room)
        return scratch->data;
    free(scratch->data);
    scratch->data = malloc(bytes);
    scratch->room = scratch->data ? bytes : 0;
    return scratch->data;
}
