/* The connected components of a network. */
#ifndef SHMCAST_NETPARTS_H
#define SHMCAST_NETPARTS_H

#include "net/net.h"

/* The component of each node; 0 is the largest. NULL: ENOMEM. The caller frees the array. */
uint32_t *netparts_find(const struct net *net);

#endif
