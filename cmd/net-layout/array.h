/* Arrays that grow. */
#ifndef NET_LAYOUT_ARRAY_H
#define NET_LAYOUT_ARRAY_H

#include <stdlib.h>

/* Makes the array at *array (of any pointer type) hold count items of size bytes. 0; -1 with
 * ENOMEM, and the array as before. */
static inline int array_resize(void *array, size_t count, size_t size)
{
    void **at = array, *grown = realloc(*at, count * size);
    if (!grown)
        return -1;
    *at = grown;
    return 0;
}

#endif
