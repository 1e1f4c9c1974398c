#include "connlimit.h"
#include <netinet/in.h>
#include <search.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct connlimit {
    int family;
    uint64_t address;
    unsigned connections;
};

static void *limits; /* a tree of tsearch's */

static int compare(const void *one, const void *other)
{
    const struct connlimit *a = one, *b = other;
    if (a->family != b->family)
        return a->family < b->family ? -1 : 1;
    return a->address < b->address ? -1 : a->address > b->address;
}

/* False: connections from there are not counted. */
static bool make_key(const struct sockaddr *from, bool local, struct connlimit *key)
{
    const struct sockaddr_in *four = (const void *)from;
    const struct sockaddr_in6 *six = (const void *)from;
    uint32_t address = 0;
    *key = (struct connlimit){.family = from->sa_family};
    if (from->sa_family == AF_INET) {
        address = four->sin_addr.s_addr;
    } else if (from->sa_family != AF_INET6) {
        return false;
    } else if (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr)) {
        key->family = AF_INET;
        memcpy(&address, six->sin6_addr.s6_addr + 12, sizeof address);
    } else {
        memcpy(&key->address, six->sin6_addr.s6_addr, sizeof key->address);
        return local || !IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
    }
    key->address = address;
    return local || ntohl(address) >> 24 != IN_LOOPBACKNET;
}

bool connlimit_take(unsigned max, bool local, const struct sockaddr *from, struct connlimit **limit)
{
    struct connlimit key, *mine;
    *limit = NULL;
    if (!max || !make_key(from, local, &key))
        return true;
    void *node = tfind(&key, &limits, compare);
    if (node) {
        mine = *(struct connlimit **)node;
        if (mine->connections >= max)
            return false;
    } else {
        mine = malloc(sizeof *mine);
        if (!mine)
            return false;
        *mine = key;
        if (!tsearch(mine, &limits, compare)) {
            free(mine);
            return false;
        }
    }
    mine->connections++;
    *limit = mine;
    return true;
}

bool connlimit_share(unsigned max, struct connlimit *limit)
{
    if (!limit)
        return true;
    if (limit->connections >= max)
        return false;
    limit->connections++;
    return true;
}

void connlimit_drop(struct connlimit *limit)
{
    if (!limit || --limit->connections)
        return;
    tdelete(limit, &limits, compare);
    free(limit);
}
