#include "server.h"
#include "http/protocol.h"
#include "http/tls.h"
#include "listen.h"
#include "monotonic.h"
#include "names.h"
#include "notify.h"
#include "reload.h"
#include "tool/cli.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum {
    READ_BYTES = 4096,    /* read from a WebSocket at a time */
    RECORD_BYTES = 16384, /* longest TLS record */
    SEND_BYTES = 1 << 20, /* written at a time; with 0 lws sends packets in pieces of 4 KiB */
    END_MS = 1000         /* time for clients to reply to the closing of their WebSocket */
};

/* Sets the limit of descriptors to the number that all viewers need, plus as many connections that
 * fetch the page, plus the needs of the extension. lws allocates by this limit, so an
 * enormous one is lowered. If the hard limit is too low, connections get what remains, or half of
 * that with an extension. */
void server_set_limits(struct server *server)
{
    struct site *site = &server->site;
    struct rlimit limit;
    unsigned viewers = server->streams.viewers_max;
    rlim_t own = 64 + 2 * (rlim_t)server->streams.count;
    site->connections_max = 2 * viewers + 128;
    site->files_max = site->www < 0 ? 0 : viewers / 2 + 32;
    own += site->files_max;
    rlim_t others = server->extension ? server->extension->descriptors(viewers) : 0;
    if (getrlimit(RLIMIT_NOFILE, &limit))
        cli_die(CLI_FAIL, "getrlimit: %s", strerror(errno));
    limit.rlim_cur = site->connections_max + own + others;
    if (limit.rlim_max != RLIM_INFINITY && limit.rlim_cur > limit.rlim_max) {
        if (limit.rlim_max < own + 8)
            cli_die(CLI_FAIL, "too few descriptors (ulimit -n is %llu)",
                    (unsigned long long)limit.rlim_max);
        limit.rlim_cur = limit.rlim_max;
        rlim_t rest = limit.rlim_cur - own, connections = others ? rest / 2 : rest;
        if (site->connections_max > connections)
            site->connections_max = (unsigned)connections;
    }
    if (setrlimit(RLIMIT_NOFILE, &limit))
        cli_die(CLI_FAIL, "setrlimit: %s", strerror(errno));
}

/* --- libwebsockets --- */

static int callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t bytes)
{
    struct server *server = lws_context_user(lws_get_context(wsi));
    switch (reason) {
    case LWS_CALLBACK_EVENT_WAIT_CANCELLED:
        streams_update(&server->streams);
        if (server->extension)
            server->extension->update(&server->streams);
        return 0;
    case LWS_CALLBACK_RAW_RX_FILE:
        if (wsi == server->listener)
            listen_accept(server);
        else if (wsi == server->reloader)
            reload_take(server);
        return 0;
    case LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS:
        tls_setup(server->site.tls, user);
        return 0;
    default:
        return protocol_event(wsi, reason, in, bytes);
    }
}

static const struct lws_protocols over_tcp[] = {
    {.name = "shmcast",
     .callback = callback,
     .rx_buffer_size = READ_BYTES,
     .tx_packet_size = SEND_BYTES},
    {0},
};

/* When lws 4.1 has read part of a TLS record, it asks for the rest even from a viewer that is
 * paused (input.c), and loops for ever. So it reads whole records. */
static const struct lws_protocols over_tls[] = {
    {.name = "shmcast",
     .callback = callback,
     .rx_buffer_size = RECORD_BYTES,
     .tx_packet_size = SEND_BYTES},
    {0},
};
_Static_assert((int)RECORD_BYTES <= (int)SITE_HEADER_BYTES, "lws reads no more than that");

/* All paths go to the callback. lws reads from a connection while an answer is sent, and so notices
 * that the client has disconnected, only if there is a mount. */
static const struct lws_http_mount mount = {.mountpoint = "/",
                                            .mountpoint_len = 1,
                                            .origin = "shmcast",
                                            .origin_protocol = LWSMPRO_CALLBACK};

/* Proxies close connections on which nothing is sent for a minute. */
static const lws_retry_bo_t pings = {.secs_since_valid_ping = 25, .secs_since_valid_hangup = 85};

/* Header lines of every answer. */
static const struct lws_protocol_vhost_options referrer = {NULL, NULL,
                                                           "referrer-policy:", "no-referrer"};
static const struct lws_protocol_vhost_options cache = {&referrer, NULL,
                                                        "cache-control:", "no-cache"};
static const struct lws_protocol_vhost_options sniff = {&cache, NULL,
                                                        "x-content-type-options:", "nosniff"};

void server_listen(struct server *server, int listener)
{
    bool tls = server->site.tls;
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN_SERVER, /* listen.c does */
        .protocols = tls ? over_tls : over_tcp,
        .mounts = &mount,
        .headers = &sniff,
        .vhost_name = "shmcast",
        .server_string = "shmcast",
        .user = server,
        .retry_and_idle_policy = &pings,
        .max_http_header_data = SITE_HEADER_BYTES,
        .max_http_header_pool = (unsigned short)(server->site.connections_max + 1),
        .pt_serv_buf_size = SITE_HEADER_BYTES,
        .gid = (gid_t)-1,
        .uid = (uid_t)-1,
        /* Bytes that are not HTTP reach the callback, for an answer of 400. */
        .options = LWS_SERVER_OPTION_FALLBACK_TO_APPLY_LISTEN_ACCEPT_CONFIG |
                   LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
    };
    lws_sock_file_fd_type fd = {.filefd = listener};
    if (tls) {
        info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
                        LWS_SERVER_OPTION_CREATE_VHOST_SSL_CTX |
                        /* plain HTTP gets an answer */
                        LWS_SERVER_OPTION_ALLOW_NON_SSL_ON_SSL_PORT |
                        LWS_SERVER_OPTION_ALLOW_HTTP_ON_HTTPS_LISTENER;
        info.alpn = "http/1.1";
    }
    lws_set_log_level(0, NULL);
    uint64_t options = info.options;
    if (server->extension) /* may be a client with TLS */
        info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    server->context = server->streams.context = lws_create_context(&info);
    info.options = options;
    server->vhost = server->context ? lws_create_vhost(server->context, &info) : NULL;
    server->listener = server->vhost
                           ? lws_adopt_descriptor_vhost(server->vhost, LWS_ADOPT_RAW_FILE_DESC, fd,
                                                        "shmcast", NULL)
                           : NULL;
    if (!server->listener || reload_adopt(server))
        cli_die(CLI_FAIL, "libwebsockets could not be set up");
    if (server->extension)
        server->extension->prepare(server->context);
}

/* --- start, run, shutdown --- */

void server_open(struct server *server, const struct names *names)
{
    if (streams_alloc(&server->streams, names->count))
        cli_die(CLI_FAIL, "%s", strerror(errno));
    for (size_t i = 0; i < names->count; i++)
        if (streams_attach(&server->streams, names->list[i]))
            cli_die_stream(names->list[i], errno);
    names_link(names, &server->streams);
    server->site.streams = &server->streams;
    server->site.whep = server->extension ? server->extension->whep : NULL;
}

static bool is_serving(const struct server *server)
{
    return !cli_stopped() && server->streams.live > 0;
}

static void on_end_timeout(lws_sorted_usec_list_t *timer)
{
    (void)timer; /* ends the wait for events */
}

static bool has_more(const struct server *server, uint64_t deadline)
{
    return ((server->site.closing || streams_have_backlog(&server->streams)) &&
            monotonic_ns() < deadline) ||
           (server->extension && server->extension->ending());
}

/* Gives clients a moment to reply to the closing of their WebSocket, the event logs' owners to
 * unlock them for queued events, and the extension to end. */
static void close_viewers(struct server *server)
{
    uint64_t deadline = monotonic_ns() + END_MS * UINT64_C(1000000);
    lws_sorted_usec_list_t timer = {0};
    server->streams.ending = true;
    streams_close_viewers(&server->streams);
    streams_reap(&server->streams);
    lws_sul_schedule(server->context, 0, &timer, on_end_timeout, END_MS * 1000);
    while (has_more(server, deadline))
        if (lws_service(server->context, 0) < 0)
            break;
    lws_sul_cancel(&timer);
}

static void report_life(lws_sorted_usec_list_t *timer)
{
    struct server *server = lws_container_of(timer, struct server, watchdog);
    notify_send("WATCHDOG=1");
    lws_sul_schedule(server->context, 0, timer, report_life, (lws_usec_t)notify_interval());
}

int server_run(struct server *server, const char *url)
{
    if (streams_start(&server->streams))
        cli_die(CLI_FAIL, "thread: %s", strerror(errno));
    if (server->extension)
        server->extension->open(&server->streams,
                                server->site.connections_max + server->site.files_max);
    puts(url);
    bool printed = fflush(stdout) == 0;
    if (printed)
        notify_send("READY=1");
    if (notify_interval())
        report_life(&server->watchdog);
    while (printed && is_serving(server))
        if (lws_service(server->context, 0) < 0)
            break;
    notify_send("STOPPING=1");
    close_viewers(server);
    lws_sul_cancel(&server->watchdog);
    if (server->extension)
        server->extension->close(&server->streams);
    streams_close(&server->streams);
    lws_context_destroy(server->context);
    streams_free(&server->streams);
    listen_close();
    if (printed && is_serving(server))
        cli_die(CLI_FAIL, "libwebsockets gave up");
    return CLI_OK; /* cli_finish reports a failed stdout */
}
