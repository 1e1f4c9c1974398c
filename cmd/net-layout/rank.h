/* Groups of nodes, numbered by size. */
#ifndef NET_LAYOUT_RANK_H
#define NET_LAYOUT_RANK_H

#include <stdint.h>

/* Renumbers the groups of nodes, group[0 … nodes - 1], each below `groups`, so that 0 is the
 * largest; of equal ones the order is kept. 0, or -1 with ENOMEM. */
int rank_by_size(uint32_t *group, uint32_t nodes, uint32_t groups);

#endif
