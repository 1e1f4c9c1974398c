/* A program that serves, from its command line to its end. */
#include "auth.h"
#include "tool/cli.h"
#include "options.h"
#include "servermain.h"
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

void program_run(const struct program *program, int argc, char **argv)
{
    struct options o;
    struct names names;
    cli_init(program->name, program->usage, options_help);
    cli_more_help(program->help);
    options_read(&o, program, argc, argv);
    options_names(&o, &names, argv + optind, (size_t)(argc - optind));
    struct server server = {.rtc = program->rtc,
                            .origins = o.origins,
                            .origin_count = o.origin_count,
                            .cors = o.cors,
                            .cors_count = o.cors_count,
                            .www = o.www ? www_folder(o.www) : -1,
                            .viewers_max = o.viewers_max,
                            .events_max = o.events_max,
                            .control = options_control(&o),
                            .view_only = o.view_only,
                            .hosts = o.hosts,
                            .host_count = o.host_count,
                            .tls_cert = o.tls_cert,
                            .tls_key = o.tls_key,
                            .token_file = o.token_file,
                            .verbose = o.verbose};
    server.per_address = options_per_address(&o, &server.per_address_local);
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
    server_open(&server, &names);
    server_limit(&server);
    int listener = listen_open(o.address, o.port, o.share_port, server.tls ? "https" : "http", url,
                               sizeof url, &loopback);
    server_listen(&server, listener);
    if (!loopback)
        warn_open(&server, url);
    int status = server_run(&server, url);
    if (server.www >= 0)
        close(server.www);
    if (server.tokens)
        tokens_free(server.tokens);
    tls_free(server.tls);
    free(server.policy[false]);
    free(server.policy[true]);
    ladder_free(&names);
    options_free(&o);
    cli_finish(status);
}
