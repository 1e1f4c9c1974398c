/* How many connections each address has. Of IPv6 the first half counts: one line has all the rest.
 */
#include "auth.h"
#include <netinet/in.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct peer {
    int family;
    uint64_t address;
    unsigned connections;
};

static void *peers; /* a tree of tsearch's */

static int compare(const void *one, const void *other)
{
    const struct peer *a = one, *b = other;
    if (a->family != b->family)
        return a->family < b->family ? -1 : 1;
    return a->address < b->address ? -1 : a->address > b->address;
}

/* False: not one that is counted. */
static bool peer_key(const struct sockaddr *from, bool local, struct peer *key)
{
    const struct sockaddr_in *four = (const void *)from;
    const struct sockaddr_in6 *six = (const void *)from;
    uint32_t address = 0;
    *key = (struct peer){.family = from->sa_family};
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

bool peer_come(const struct server *server, const struct sockaddr *from, struct peer **peer)
{
    struct peer key, *mine;
    *peer = NULL;
    if (!server->per_address || !peer_key(from, server->per_address_local, &key))
        return true;
    void *node = tfind(&key, &peers, compare);
    if (node) {
        mine = *(struct peer **)node;
        if (mine->connections >= server->per_address)
            return false;
    } else {
        mine = malloc(sizeof *mine);
        if (!mine)
            return false;
        *mine = key;
        if (!tsearch(mine, &peers, compare)) {
            free(mine);
            return false;
        }
    }
    mine->connections++;
    *peer = mine;
    return true;
}

bool peer_keep(const struct server *server, struct peer *peer)
{
    if (!peer)
        return true;
    if (peer->connections >= server->per_address)
        return false;
    peer->connections++;
    return true;
}

void peer_go(struct peer *peer)
{
    if (!peer || --peer->connections)
        return;
    tdelete(peer, &peers, compare);
    free(peer);
}
