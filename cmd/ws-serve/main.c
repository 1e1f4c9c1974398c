/*
 * ws-serve: the pictures of streams over HTTP, MJPEG and WebSockets, and the viewers' input back.
 *
 * stdout: one line, the address, once it listens. Reads the packets of each NAME, writes its
 * events; follows --replace. SIGINT, SIGTERM and SIGHUP close every viewer and end it; with TLS or
 * tokens SIGHUP reads those again.
 * Exit: 0 every stream was removed, 2 usage, 3 no such stream, port in use, stdout not writable.
 */
#include "access.h"
#include "cli.h"
#include "seg.h"
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const char usage[] =
    "ws-serve [-b ADDR] [-p PORT] [--share-port] [--tls-cert FILE --tls-key FILE]"
    " [--token-file FILE] [--host NAME] [--origin ORIGIN] [--cors ORIGIN]"
    " [--control any|first|token] [--view-only] [--ladder NAME,NAME[,...]] [--www DIR]"
    " [--max-viewers N] [--max-per-address N] [--max-events N] [-v] NAME ...\n";

enum {
    VIEWERS_DEFAULT = 256,
    VIEWERS_MAX = 16384,
    EVENTS_DEFAULT = 1000,
    EVENTS_MAX = 1000000,
    PER_ADDRESS_DEFAULT = 64,
    HOST_NAME_BYTES = 253,
    PER_ADDRESS_MAX = 65535,
    READ_BYTES = 4096,    /* of a WebSocket, at a time */
    RECORD_BYTES = 16384, /* the longest of TLS */
    SEND_BYTES = 1 << 20, /* at a time; left at 0 lws sends pictures in pieces of 4 KiB */
    END_MS = 1000         /* viewers have so long to answer the closing of their WebSocket */
};

struct options {
    const char *address;
    uint16_t port;
    bool share_port;
    const char *www;
    const char **origins, **cors;
    size_t origin_count, cors_count;
    const char **ladders;
    size_t ladder_count;
    const char **hosts;
    size_t host_count;
    const char *tls_cert, *tls_key, *token_file;
    unsigned viewers_max;
    unsigned events_max;
    int per_address; /* -1: not said */
    int control;     /* enum control_mode; -1: not said */
    bool view_only;
    bool verbose;
};

/* Descriptors for all viewers, and for as many connections again that fetch the page. lws allocates
 * by this limit, so it is lowered too where it is enormous. */
static void limit_connections(struct server *server)
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

static void make_context(struct server *server, int listener)
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

static void open_sources(struct server *server, const struct names *names)
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
        if (server->sources[i].seg && server->sources[i].inbox.count)
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
    uint64_t deadline = cli_now() + END_MS * UINT64_C(1000000);
    lws_sorted_usec_list_t timer = {0};
    server->ending = true;
    for (size_t i = 0; i < server->source_count; i++)
        while (server->sources[i].viewers)
            conn_end(server->sources[i].viewers->conn, LWS_CLOSE_STATUS_GOINGAWAY);
    lws_sul_schedule(server->context, 0, &timer, end_late, END_MS * 1000);
    while ((server->closing || events_wait(server)) && cli_now() < deadline)
        if (lws_service(server->context, 0) < 0)
            break;
    lws_sul_cancel(&timer);
}

static int run(struct server *server, const char *url)
{
    for (size_t i = 0; i < server->source_count; i++)
        if (source_start(&server->sources[i]))
            cli_die(CLI_FAIL, "thread: %s", strerror(errno));
    puts(url);
    bool told = fflush(stdout) == 0;
    while (told && serving(server))
        if (lws_service(server->context, 0) < 0)
            break;
    end_viewers(server);
    for (size_t i = 0; i < server->source_count; i++)
        source_close(&server->sources[i]);
    lws_context_destroy(server->context);
    listen_close();
    free(server->sources);
    if (told && serving(server))
        cli_die(CLI_FAIL, "libwebsockets gave up");
    return CLI_OK; /* cli_finish tells of a stdout that failed */
}

/* Scheme://host[:port] as browsers send it, or null. */
static const char *check_origin(const char *option, const char *text)
{
    const char *host = strstr(text, "://");
    bool ok = strcmp(text, "null") == 0 || (host && host > text && host[3]);
    for (const char *p = host ? host + 3 : text; ok && *p; p++)
        ok = *p > ' ' && *p < 127 && !strchr("/,;'\"", *p);
    if (!ok)
        cli_die(CLI_USAGE, "%s %s: must be like https://host.example:8443", option, text);
    return text;
}

/* As it stands in a URL, with no port. */
static const char *check_host(const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._";
    size_t bytes = strlen(text);
    if (bytes < 1 || bytes > HOST_NAME_BYTES || text[strspn(text, plain)])
        cli_die(CLI_USAGE, "--host %s: must be a name like viz.example, without a port", text);
    return text;
}

static void read_options(struct options *o, int argc, char **argv)
{
    static const struct option longs[] = {
        {"bind", 1, NULL, 'b'},        {"port", 1, NULL, 'p'},
        {"max-viewers", 1, NULL, 'm'}, {"origin", 1, NULL, 'o'},
        {"view-only", 0, NULL, 'w'},   {"max-events", 1, NULL, 'e'},
        {"control", 1, NULL, 'c'},     {"host", 1, NULL, 'H'},
        {"share-port", 0, NULL, 'S'},  {"cors", 1, NULL, 'C'},
        {"tls-cert", 1, NULL, 'T'},    {"tls-key", 1, NULL, 'K'},
        {"token-file", 1, NULL, 't'},  {"max-per-address", 1, NULL, 'a'},
        {"www", 1, NULL, 'W'},         {"ladder", 1, NULL, 'l'},
        {"verbose", 0, NULL, 'v'},     {"help", 0, NULL, 'h'},
        {"version", 0, NULL, 'V'},     {0}};
    int c;
    while ((c = getopt_long(argc, argv, "b:p:vhV", longs, NULL)) != -1)
        switch (c) {
        case 'b':
            o->address = optarg;
            break;
        case 'p':
            o->port = (uint16_t)cli_number("-p", optarg, 0, 65535);
            break;
        case 'm':
            o->viewers_max = (unsigned)cli_number("--max-viewers", optarg, 1, VIEWERS_MAX);
            break;
        case 'l':
            o->ladders[o->ladder_count++] = optarg;
            break;
        case 'o':
            o->origins[o->origin_count++] = check_origin("--origin", optarg);
            break;
        case 'C':
            o->cors[o->cors_count++] =
                strcmp(optarg, "*") ? check_origin("--cors", optarg) : optarg;
            break;
        case 'S':
            o->share_port = true;
            break;
        case 'W':
            o->www = optarg;
            break;
        case 'H':
            o->hosts[o->host_count++] = check_host(optarg);
            break;
        case 'T':
            o->tls_cert = optarg;
            break;
        case 'K':
            o->tls_key = optarg;
            break;
        case 't':
            o->token_file = optarg;
            break;
        case 'a':
            o->per_address = (int)cli_number("--max-per-address", optarg, 0, PER_ADDRESS_MAX);
            break;
        case 'e':
            o->events_max = (unsigned)cli_number("--max-events", optarg, 1, EVENTS_MAX);
            break;
        case 'c':
            if ((o->control = control_mode(optarg)) < 0)
                cli_die(CLI_USAGE, "--control %s: must be any, first or token", optarg);
            break;
        case 'w':
            o->view_only = true;
            break;
        case 'v':
            o->verbose = true;
            break;
        default:
            cli_option(c);
        }
    if (o->control >= 0 && o->view_only)
        cli_die(CLI_USAGE, "--control and --view-only exclude each other");
    if (!o->tls_cert != !o->tls_key)
        cli_die(CLI_USAGE, "--tls-cert and --tls-key go together");
    if (o->control == CONTROL_TOKEN && !o->token_file)
        cli_die(CLI_USAGE, "--control token needs tokens: --token-file");
}

static enum control_mode chosen_control(const struct options *o)
{
    return o->view_only     ? CONTROL_NONE
           : o->control < 0 ? CONTROL_ANY
                            : (enum control_mode)o->control;
}

/* NAME … of the command line, checked, without their slashes, and what the ladders add. */
static void read_names(struct names *names, char **words, size_t count, const struct options *o)
{
    size_t room = count;
    for (size_t i = 0; i < o->ladder_count; i++)
        room += 1 + strlen(o->ladders[i]); /* more than it has streams */
    if (!room) {
        cli_warn("no stream named");
        cli_option('?');
    }
    *names = (struct names){.list = calloc(room, sizeof *names->list),
                            .lower = calloc(room, sizeof *names->lower),
                            .rung = calloc(room, sizeof *names->rung)};
    if (!names->list || !names->lower || !names->rung)
        cli_die(CLI_FAIL, "%s", strerror(errno));
    for (size_t i = 0; i < room; i++)
        names->lower[i] = NO_RUNG;
    for (size_t i = 0; i < count; i++) {
        if (!seg_name(words[i]))
            cli_die_stream(words[i], EINVAL);
        names->list[i] = words[i] + (*words[i] == '/');
        for (size_t j = 0; j < i; j++)
            if (strcmp(names->list[i], names->list[j]) == 0)
                cli_die(CLI_USAGE, "%s: named twice", names->list[i]);
    }
    names->count = count;
    ladder_read(names, o->ladders, o->ladder_count);
}

/* Reads the files of certificate, key and tokens. */
static void open_access(struct server *server, struct tokens *tokens)
{
    char problem[512];
    int status = 0;
    if (server->tls_cert)
        status = tls_load(&server->tls, server->tls_cert, server->tls_key, problem, sizeof problem);
    if (!status && server->token_file) {
        status = tokens_load(tokens, server->token_file, problem, sizeof problem);
        server->tokens = tokens;
    }
    if (status)
        cli_die(status, "%s", problem);
    reload_open(server);
}

/* For a server that other machines reach, what is missing. */
static void warn_open(const struct server *server, const char *url)
{
    if (!server->tls && !server->tokens)
        cli_warn("%s can be reached from other machines, by anybody, and all that is sent can be "
                 "read and changed on the way; see --token-file and --tls-cert",
                 url);
    else if (!server->tls)
        cli_warn("%s can be reached from other machines, and all that is sent, tokens too, can be "
                 "read and changed on the way; see --tls-cert",
                 url);
    else if (!server->tokens)
        cli_warn("%s can be reached from other machines, by anybody; see --token-file", url);
}

int main(int argc, char **argv)
{
    cli_init("ws-serve", usage);
    struct options o = {.address = "127.0.0.1",
                        .port = 8080,
                        .origins = calloc((size_t)argc, sizeof *o.origins),
                        .ladders = calloc((size_t)argc, sizeof *o.ladders),
                        .viewers_max = VIEWERS_DEFAULT,
                        .events_max = EVENTS_DEFAULT,
                        .control = -1,
                        .hosts = calloc((size_t)argc + 2, sizeof *o.hosts),
                        .per_address = -1,
                        .cors = calloc((size_t)argc, sizeof *o.cors)};
    if (!o.origins || !o.ladders || !o.cors || !o.hosts)
        cli_die(CLI_FAIL, "%s", strerror(errno));
    read_options(&o, argc, argv);
    struct names names;
    read_names(&names, argv + optind, (size_t)(argc - optind), &o);
    struct server server = {.origins = o.origins,
                            .origin_count = o.origin_count,
                            .cors = o.cors,
                            .cors_count = o.cors_count,
                            .www = o.www ? www_folder(o.www) : -1,
                            .viewers_max = o.viewers_max,
                            .events_max = o.events_max,
                            .control = chosen_control(&o),
                            .view_only = o.view_only,
                            .hosts = o.hosts,
                            .host_count = o.host_count,
                            .per_address =
                                o.per_address < 0 ? PER_ADDRESS_DEFAULT : (unsigned)o.per_address,
                            .per_address_local = o.per_address >= 0,
                            .tls_cert = o.tls_cert,
                            .tls_key = o.tls_key,
                            .token_file = o.token_file,
                            .verbose = o.verbose};
    char url[128], machine[HOST_NAME_MAX + 1] = "";
    struct tokens tokens;
    bool loopback;
    cli_catch_stop();
    open_access(&server, &tokens);
    if (access_policies(&server))
        cli_die(CLI_USAGE, "--origin: too many");
    server.hosts[server.host_count++] = o.address;
    server.any_host = strncmp(o.address, "unix:", 5) == 0; /* whatever a proxy says */
    if (gethostname(machine, sizeof machine - 1) == 0)
        server.hosts[server.host_count++] = machine;
    open_sources(&server, &names);
    limit_connections(&server);
    int listener = listen_open(o.address, o.port, o.share_port, server.tls ? "https" : "http", url,
                               sizeof url, &loopback);
    make_context(&server, listener);
    if (!loopback)
        warn_open(&server, url);
    int status = run(&server, url);
    if (server.www >= 0)
        close(server.www);
    if (server.tokens)
        tokens_free(server.tokens);
    tls_free(server.tls);
    free(server.policy[false]);
    free(server.policy[true]);
    free(o.origins);
    free(o.ladders);
    ladder_free(&names);
    free(o.cors);
    free(o.hosts);
    cli_finish(status);
}
