/* The server as a whole: set up, run, ended. */
#include "auth.h"
#include "monotonic.h"
#include "tool/cli.h"
#include "rtc.h"
#include "stream.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum {
    READ_BYTES = 4096,    /* of a WebSocket, at a time */
    RECORD_BYTES = 16384, /* the longest of TLS */
    SEND_BYTES = 1 << 20, /* at a time; left at 0 lws sends pictures in pieces of 4 KiB */
    END_MS = 1000         /* viewers have so long to answer the closing of their WebSocket */
};

/* Descriptors for all viewers, and for as many connections again that fetch the page. lws allocates
 * by this limit, so it is lowered too where it is enormous. */
void server_limit(struct server *server)
{
    struct rlimit limit;
    rlim_t own = 64 + 2 * (rlim_t)server->source_count;
    server->connections_max = 2 * server->viewers_max + 128;
    server->files_max = server->www < 0 ? 0 : server->viewers_max / 2 + 32;
    own += server->files_max;
    if (getrlimit(RLIMIT_NOFILE, &limit))
        cli_die(CLI_FAIL, "getrlimit: %s", strerror(errno));
    limit.rlim_cur = server->connections_max + own;
    if (limit.rlim_max != RLIM_INFINITY && limit.rlim_cur > limit.rlim_max) {
        if (limit.rlim_max < own + 8)
            cli_die(CLI_FAIL, "too few descriptors: ulimit -n is %llu",
                    (unsigned long long)limit.rlim_max);
        limit.rlim_cur = limit.rlim_max;
        server->connections_max = (unsigned)(limit.rlim_cur - own);
    }
    if (setrlimit(RLIMIT_NOFILE, &limit))
        cli_die(CLI_FAIL, "setrlimit: %s", strerror(errno));
}

static const struct lws_protocols over_tcp[] = {
    {.name = "shmcast",
     .callback = conn_callback,
     .rx_buffer_size = READ_BYTES,
     .tx_packet_size = SEND_BYTES},
    {0},
};

/* Of a TLS record that it has in part lws 4.1 wants the rest even from a viewer that has to wait
 * (inbox.c), and goes round and round for ever. So it reads whole ones. */
static const struct lws_protocols over_tls[] = {
    {.name = "shmcast",
     .callback = conn_callback,
     .rx_buffer_size = RECORD_BYTES,
     .tx_packet_size = SEND_BYTES},
    {0},
};
_Static_assert((int)RECORD_BYTES <= (int)HEADER_BYTES, "nor does lws read more than that");

/* Everything is ours to answer. A mount, because only then lws goes on reading from a connection
 * while an answer goes out, and so notices that the client went away. */
static const struct lws_http_mount mount = {.mountpoint = "/",
                                            .mountpoint_len = 1,
                                            .origin = "shmcast",
                                            .origin_protocol = LWSMPRO_CALLBACK};

/* Headers of every answer. */
static const struct lws_protocol_vhost_options referrer = {NULL, NULL,
                                                           "referrer-policy:", "no-referrer"};
static const struct lws_protocol_vhost_options cache = {&referrer, NULL,
                                                        "cache-control:", "no-cache"};
static const struct lws_protocol_vhost_options sniff = {&cache, NULL,
                                                        "x-content-type-options:", "nosniff"};

void server_listen(struct server *server, int listener)
{
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN_SERVER, /* listen.c does */
        .protocols = server->tls ? over_tls : over_tcp,
        .mounts = &mount,
        .headers = &sniff,
        .vhost_name = "shmcast",
        .server_string = "shmcast",
        .user = server,
        .max_http_header_data = HEADER_BYTES,
        .max_http_header_pool = (unsigned short)(server->connections_max + 1),
        .pt_serv_buf_size = HEADER_BYTES,
        .gid = (gid_t)-1,
        .uid = (uid_t)-1,
        /* What isn't HTTP comes to us, for an answer of 400. */
        .options = LWS_SERVER_OPTION_FALLBACK_TO_APPLY_LISTEN_ACCEPT_CONFIG |
                   LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
    };
    lws_sock_file_fd_type fd = {.filefd = listener};
    if (server->tls) {
        info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
                        LWS_SERVER_OPTION_CREATE_VHOST_SSL_CTX |
                        /* who speaks plain HTTP is told */
                        LWS_SERVER_OPTION_ALLOW_NON_SSL_ON_SSL_PORT |
                        LWS_SERVER_OPTION_ALLOW_HTTP_ON_HTTPS_LISTENER;
        info.alpn = "http/1.1";
    }
    lws_set_log_level(0, NULL);
    server->context = lws_create_context(&info);
    server->vhost = server->context ? lws_create_vhost(server->context, &info) : NULL;
    server->listener = server->vhost
                           ? lws_adopt_descriptor_vhost(server->vhost, LWS_ADOPT_RAW_FILE_DESC, fd,
                                                        "shmcast", NULL)
                           : NULL;
    if (!server->listener || reload_adopt(server))
        cli_die(CLI_FAIL, "libwebsockets could not be set up");
}

void server_open(struct server *server, const struct names *names)
{
    server->sources = calloc(names->count, sizeof *server->sources);
    if (!server->sources)
        cli_die(CLI_FAIL, "%s", strerror(errno));
    for (size_t i = 0; i < names->count; i++) {
        if (source_open(&server->sources[i], server, names->list[i]))
            cli_die_stream(names->list[i], errno);
        server->source_count++;
    }
    server->listed = names->listed;
    server->sources_live = names->count;
    ladder_link(server, names);
}

static bool serving(const struct server *server)
{
    return !cli_stopped() && server->sources_live > 0;
}

static bool events_wait(const struct server *server)
{
    for (size_t i = 0; i < server->source_count; i++)
        if (server->sources[i].stream && server->sources[i].inbox.count)
            return true;
    return false;
}

static void end_late(lws_sorted_usec_list_t *timer)
{
    (void)timer; /* it has ended the poll */
}

/* Every viewer is told that the server goes away, and has a moment to say good-bye; events that
 * wait for the log have that moment too. */
static void end_viewers(struct server *server)
{
    uint64_t deadline = monotonic_ns() + END_MS * UINT64_C(1000000);
    lws_sorted_usec_list_t timer = {0};
    server->ending = true;
    for (size_t i = 0; i < server->source_count; i++)
        while (server->sources[i].viewers)
            conn_end(server->sources[i].viewers->conn, LWS_CLOSE_STATUS_GOINGAWAY);
    lws_sul_schedule(server->context, 0, &timer, end_late, END_MS * 1000);
    while ((server->closing || events_wait(server)) && monotonic_ns() < deadline)
        if (lws_service(server->context, 0) < 0)
            break;
    lws_sul_cancel(&timer);
}

int server_run(struct server *server, const char *url)
{
    for (size_t i = 0; i < server->source_count; i++)
        if (source_start(&server->sources[i]))
            cli_die(CLI_FAIL, "thread: %s", strerror(errno));
    if (server->rtc)
        server->rtc->open(server);
    puts(url);
    bool told = fflush(stdout) == 0;
    while (told && serving(server))
        if (lws_service(server->context, 0) < 0)
            break;
    end_viewers(server);
    if (server->rtc)
        server->rtc->close(server);
    for (size_t i = 0; i < server->source_count; i++)
        source_close(&server->sources[i]);
    lws_context_destroy(server->context);
    listen_close();
    free(server->sources);
    if (told && serving(server))
        cli_die(CLI_FAIL, "libwebsockets gave up");
    return CLI_OK; /* cli_finish tells of a stdout that failed */
}
