#include "association.h"
#include "monotonic.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <usrsctp.h>

enum {
    TICK_MS = 50,     /* granularity of the library's timers */
    PATH_MTU = 1152,  /* with DTLS and TURN within 1280 bytes */
    UNSENT = 1 << 17, /* bytes */
    UNREAD = 1 << 18,
    RTO_MIN_MS = 200,
    RTO_MAX_MS = 10000,
};

struct association {
    uintptr_t id;
    struct socket *socket;
    const struct association_ops *ops;
    void *user;
};

/* By ID: the library's timers may outlive an association. The transport thread's. */
static GHashTable *all;
static uintptr_t last_id;
static GSource *ticker; /* runs while there are associations */
static uint64_t ticked_ns;

static struct association *find(const void *id)
{
    return all ? g_hash_table_lookup(all, id) : NULL;
}

static int on_output(void *id, void *packet, size_t bytes, uint8_t tos, uint8_t fragment)
{
    const struct association *association = find(id);
    (void)tos;
    (void)fragment;
    if (association)
        association->ops->output(association->user, packet, bytes);
    return 0;
}

static int set(struct socket *socket, int level, int option, const void *value, size_t bytes)
{
    return usrsctp_setsockopt(socket, level, option, value, (socklen_t)bytes);
}

/* The peer resets streams that it closes, and expects the same of us (RFC 8831, section 6.7). */
static void on_reset(const struct association *association,
                     const struct sctp_stream_reset_event *event)
{
    size_t count = (event->strreset_length - sizeof *event) / sizeof event->strreset_stream_list[0];
    if (!(event->strreset_flags & SCTP_STREAM_RESET_INCOMING_SSN))
        return;
    for (size_t i = 0; i < count; i++) {
        struct sctp_reset_streams *reset = g_malloc0(sizeof *reset + sizeof(uint16_t));
        reset->srs_flags = SCTP_STREAM_RESET_OUTGOING;
        reset->srs_number_streams = 1;
        reset->srs_stream_list[0] = event->strreset_stream_list[i];
        set(association->socket, IPPROTO_SCTP, SCTP_RESET_STREAMS, reset,
            sizeof *reset + sizeof(uint16_t));
        g_free(reset);
        association->ops->reset(association->user, event->strreset_stream_list[i]);
    }
}

static void on_notification(const struct association *association,
                            const union sctp_notification *event, size_t bytes)
{
    if (bytes < sizeof event->sn_header || event->sn_header.sn_length != bytes)
        return;
    uint16_t type = event->sn_header.sn_type;
    if (type == SCTP_STREAM_RESET_EVENT && bytes >= sizeof event->sn_strreset_event)
        on_reset(association, &event->sn_strreset_event);
    else if (type == SCTP_ASSOC_CHANGE && bytes >= sizeof event->sn_assoc_change &&
             event->sn_assoc_change.sac_state != SCTP_COMM_UP)
        association->ops->closed(association->user);
}

static int on_input(struct socket *socket, union sctp_sockstore from, void *data, size_t bytes,
                    struct sctp_rcvinfo info, int flags, void *id)
{
    const struct association *association = find(id);
    (void)socket;
    (void)from;
    if (!data)
        return 1;
    if (association && (flags & MSG_NOTIFICATION))
        on_notification(association, data, bytes);
    else if (association)
        association->ops->input(association->user, info.rcv_sid, ntohl(info.rcv_ppid), data, bytes,
                                flags & MSG_EOR);
    free(data);
    return 1;
}

/* --- the library --- */

void association_init(void)
{
    usrsctp_init_nothreads(0, on_output, NULL);
    usrsctp_sysctl_set_sctp_ecn_enable(0);
    usrsctp_sysctl_set_sctp_asconf_enable(0); /* DTLS has one path, */
    usrsctp_sysctl_set_sctp_auth_enable(0);   /* which it authenticates */
    usrsctp_sysctl_set_sctp_blackhole(2);
}

void association_exit(void)
{
    usrsctp_finish();
}

static gboolean tick(gpointer user)
{
    uint64_t ms = (monotonic_ns() - ticked_ns) / 1000000;
    (void)user;
    ticked_ns += ms * 1000000;
    usrsctp_handle_timers((uint32_t)ms);
    return G_SOURCE_CONTINUE;
}

static void list(struct loopthread *thread, struct association *association)
{
    if (!all) {
        all = g_hash_table_new(NULL, NULL);
        ticked_ns = monotonic_ns();
        ticker = loopthread_timer(thread, TICK_MS, tick, NULL, NULL);
    }
    association->id = ++last_id;
    g_hash_table_insert(all, (void *)association->id, association);
    usrsctp_register_address((void *)association->id);
}

static void unlist(const struct association *association)
{
    usrsctp_deregister_address((void *)association->id);
    g_hash_table_remove(all, (void *)association->id);
    if (g_hash_table_size(all))
        return;
    g_hash_table_unref(all);
    all = NULL;
    loopthread_end(&ticker);
}

/* --- an association --- */

static int set_options(struct socket *socket)
{
    static const uint16_t events[] = {SCTP_ASSOC_CHANGE, SCTP_STREAM_RESET_EVENT};
    const struct linger abort = {.l_onoff = 1};
    const struct sctp_initmsg streams = {.sinit_num_ostreams = SCTP_STREAMS,
                                         .sinit_max_instreams = SCTP_STREAMS};
    const struct sctp_assoc_value resets = {.assoc_value = SCTP_ENABLE_RESET_STREAM_REQ};
    const struct sctp_rtoinfo rto = {
        .srto_initial = RTO_MIN_MS, .srto_min = RTO_MIN_MS, .srto_max = RTO_MAX_MS};
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        const struct sctp_event event = {.se_type = events[i], .se_on = 1};
        if (set(socket, IPPROTO_SCTP, SCTP_EVENT, &event, sizeof event))
            return -1;
    }
    return set(socket, SOL_SOCKET, SO_LINGER, &abort, sizeof abort) ||
                   set(socket, SOL_SOCKET, SO_SNDBUF, &(int){UNSENT}, sizeof(int)) ||
                   set(socket, SOL_SOCKET, SO_RCVBUF, &(int){UNREAD}, sizeof(int)) ||
                   set(socket, IPPROTO_SCTP, SCTP_NODELAY, &(int){1}, sizeof(int)) ||
                   set(socket, IPPROTO_SCTP, SCTP_INITMSG, &streams, sizeof streams) ||
                   set(socket, IPPROTO_SCTP, SCTP_ENABLE_STREAM_RESET, &resets, sizeof resets) ||
                   set(socket, IPPROTO_SCTP, SCTP_RTOINFO, &rto, sizeof rto) ||
                   usrsctp_set_non_blocking(socket, 1)
               ? -1
               : 0;
}

static int connect_to(const struct association *association, int port)
{
    struct sockaddr_conn address = {.sconn_family = AF_CONN,
                                    .sconn_port = htons(SCTP_PORT),
                                    .sconn_addr = (void *)association->id};
    struct sctp_paddrparams path = {.spp_pathmtu = PATH_MTU, .spp_flags = SPP_PMTUD_DISABLE};
    if (usrsctp_bind(association->socket, (struct sockaddr *)&address, sizeof address))
        return -1;
    address.sconn_port = htons((uint16_t)port);
    if (usrsctp_connect(association->socket, (struct sockaddr *)&address, sizeof address) &&
        errno != EINPROGRESS)
        return -1;
    memcpy(&path.spp_address, &address, sizeof address);
    return set(association->socket, IPPROTO_SCTP, SCTP_PEER_ADDR_PARAMS, &path, sizeof path);
}

struct association *association_new(struct loopthread *thread, int port,
                                    const struct association_ops *ops, void *user)
{
    struct association *association = g_new0(struct association, 1);
    association->ops = ops;
    association->user = user;
    list(thread, association);
    association->socket = usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, on_input, NULL, 0,
                                         (void *)association->id);
    if (association->socket && set_options(association->socket) == 0 &&
        connect_to(association, port) == 0)
        return association;
    int err = errno;
    association_free(association);
    errno = err;
    return NULL;
}

void association_free(struct association *association)
{
    if (!association)
        return;
    if (association->socket)
        usrsctp_close(association->socket);
    unlist(association);
    g_free(association);
}

void association_input(struct association *association, const void *packet, size_t bytes)
{
    usrsctp_conninput((void *)association->id, packet, bytes, 0);
}

int association_send(struct association *association, unsigned stream, uint32_t ppid,
                     const void *data, size_t bytes)
{
    struct sctp_sndinfo info = {.snd_sid = (uint16_t)stream, .snd_ppid = htonl(ppid)};
    return usrsctp_sendv(association->socket, data, bytes, NULL, 0, &info, sizeof info,
                         SCTP_SENDV_SNDINFO, 0) < 0
               ? -1
               : 0;
}
