#include "servermain.h"
#include "confine.h"
#include "http/staticfiles.h"
#include "http/tls.h"
#include "http/token.h"
#include "listen.h"
#include "names.h"
#include "notify.h"
#include "options.h"
#include "reload.h"
#include "server.h"
#include "tool/cli.h"
#include <limits.h>
#include <string.h>
#include <unistd.h>

/* Reads the files of certificate, key and tokens. */
static void load_files(struct server *server, struct tokens *tokens)
{
    char problem[512];
    int status = 0;
    if (server->tls_cert)
        status =
            tls_load(&server->site.tls, server->tls_cert, server->tls_key, problem, sizeof problem);
    if (!status && server->token_file) {
        status = tokens_load(tokens, server->token_file, problem, sizeof problem);
        server->site.tokens = tokens;
    }
    if (status)
        cli_die(status, "%s", problem);
    reload_open(server);
}

/* For a server that other machines can reach. */
static void warn_if_open(const struct site *site, const char *url)
{
    if (!site->tls && !site->tokens)
        cli_warn("%s can be reached from other machines by anybody, and all data can be read and "
                 "changed on the way; see --token-file and --tls-cert",
                 url);
    else if (!site->tls)
        cli_warn("%s can be reached from other machines, and all data, tokens included, can be "
                 "read and changed on the way; see --tls-cert",
                 url);
    else if (!site->tokens)
        cli_warn("%s can be reached from other machines by anybody; see --token-file", url);
}

static void take_options(struct server *server, const struct options *o)
{
    server->tls_cert = o->tls_cert;
    server->tls_key = o->tls_key;
    server->token_file = o->token_file;
    server->streams = (struct streams){.viewers_max = o->viewers_max,
                                       .events_max = o->events_max,
                                       .control = options_control(o),
                                       .verbose = o->verbose};
    server->site = (struct site){.origins = o->origins,
                                 .origin_count = o->origin_count,
                                 .cors = o->cors,
                                 .cors_count = o->cors_count,
                                 .hosts = o->hosts,
                                 .host_count = o->host_count,
                                 .view_only = o->view_only,
                                 .hsts = o->hsts,
                                 .www = o->www ? staticfiles_open_folder(o->www) : -1};
    server->site.www_fury = o->www && staticfiles_has_fury(server->site.www);
    server->site.per_address = options_per_address(o, &server->site.per_address_local);
}

void servermain_run(const struct server_program *program, int argc, char **argv)
{
    struct options o;
    struct names names;
    struct tokens tokens;
    struct server server = {.extension = program->extension};
    struct site *site = &server.site;
    char url[128], machine[HOST_NAME_MAX + 1] = "";
    bool loopback;
    cli_init(program->name, program->usage, options_help);
    cli_more_help(program->help);
    notify_open(); /* before there are threads, which may read the environment */
    options_read(&o, program, argc, argv);
    names_read(&names, argv + optind, (size_t)(argc - optind), o.ladders, o.ladder_count);
    take_options(&server, &o);
    cli_catch_stop();
    load_files(&server, &tokens);
    if (site_make_policies(site))
        cli_die(CLI_USAGE, "--origin: too many");
    site->hosts[site->host_count++] = o.address;
    if (gethostname(machine, sizeof machine - 1) == 0)
        site->hosts[site->host_count++] = machine;
    server_open(&server, &names);
    server_set_limits(&server);
    int listener = listen_open(o.address, o.port, o.share_port, site->tls ? "https" : "http", url,
                               sizeof url, &loopback);
    site->any_host = strncmp(url, "unix:", 5) == 0; /* a proxy may send any name */
    server_listen(&server, listener);
    if (!loopback)
        warn_if_open(site, url);
    confine(&server, listen_path());
    int status = server_run(&server, url);
    if (site->www >= 0)
        close(site->www);
    if (site->tokens)
        tokens_free(site->tokens);
    tls_free(site->tls);
    site_free_policies(site);
    names_free(&names);
    options_free(&o);
    cli_finish(status);
}
