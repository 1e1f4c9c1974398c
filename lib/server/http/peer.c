/* The kernel knows the owner of each TCP socket: it is asked by netlink, sock_diag(7). */
#include "peer.h"
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union address {
    struct sockaddr any;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
};

/* Copies port and address to where the question has them. */
static void put_end(const union address *end, __be16 *port, __be32 address[4])
{
    if (end->any.sa_family == AF_INET) {
        *port = end->four.sin_port;
        memcpy(address, &end->four.sin_addr, sizeof end->four.sin_addr);
    } else {
        *port = end->six.sin6_port;
        memcpy(address, &end->six.sin6_addr, sizeof end->six.sin6_addr);
    }
}

/* Asks for the socket whose own end is them, and whose peer is us. */
static uint32_t ask(const union address *them, const union address *us)
{
    struct {
        struct nlmsghdr head;
        struct inet_diag_req_v2 want;
    } question = {.head = {.nlmsg_len = sizeof question,
                           .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                           .nlmsg_flags = NLM_F_REQUEST},
                  .want = {.sdiag_family = (__u8)them->any.sa_family,
                           .sdiag_protocol = IPPROTO_TCP,
                           .idiag_states = UINT32_MAX,
                           .id.idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE}}};
    struct {
        struct nlmsghdr head;
        struct inet_diag_msg found;
        char more[512];
    } answer;
    put_end(them, &question.want.id.idiag_sport, question.want.id.idiag_src);
    put_end(us, &question.want.id.idiag_dport, question.want.id.idiag_dst);
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (fd < 0)
        return PEER_FOREIGN;
    ssize_t got = send(fd, &question, sizeof question, 0) < 0
                      ? -1
                      : recv(fd, &answer, sizeof answer, MSG_DONTWAIT);
    close(fd);
    return got >= (ssize_t)(sizeof answer.head + sizeof answer.found) &&
                   answer.head.nlmsg_type == SOCK_DIAG_BY_FAMILY
               ? answer.found.idiag_uid
               : (uint32_t)PEER_FOREIGN;
}

uint32_t peer_user(int fd)
{
    union address us, them;
    struct ucred owner;
    socklen_t ours = sizeof us, theirs = sizeof them, size = sizeof owner;
    if (getsockname(fd, &us.any, &ours) || getpeername(fd, &them.any, &theirs))
        return PEER_FOREIGN;
    if (us.any.sa_family == AF_UNIX)
        return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &owner, &size) ? (uint32_t)PEER_FOREIGN
                                                                      : owner.uid;
    return ask(&them, &us);
}

bool peer_is_unix(int fd)
{
    int domain = 0;
    socklen_t size = sizeof domain;
    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX;
}
