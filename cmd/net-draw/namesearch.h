/* Finds nodes by their names. */
#ifndef NET_DRAW_NAMESEARCH_H
#define NET_DRAW_NAMESEARCH_H

#include <stdint.h>
#include "scene.h"

/*
 * Returns the node of that name, or else the one of the highest degree whose name begins with it,
 * or else contains it; upper and lower case of ASCII are the same there. A node without a name has
 * its number. SCENE_NONE: none.
 */
uint32_t namesearch_find(const struct scene *scene, const char *name);

#endif
