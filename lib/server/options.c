#include "options.h"
#include "servermain.h"
#include "tool/cli.h"
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum {
    VIEWERS_DEFAULT = 256,
    VIEWERS_MAX = 16384,
    EVENTS_DEFAULT = 1000,
    EVENTS_MAX = 1000000,
    PER_ADDRESS_DEFAULT = 64,
    HOST_NAME_BYTES = 253,
    HSTS_MAX = 63072000, /* two years */
    PER_ADDRESS_MAX = 65535
};

/* scheme://host[:port] as browsers send it, or null. */
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

/* The host part of a URL, without a port. */
static const char *check_host(const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._";
    size_t bytes = strlen(text);
    if (bytes < 1 || bytes > HOST_NAME_BYTES || text[strspn(text, plain)])
        cli_die(CLI_USAGE, "--host %s: must be a name like viz.example, without a port", text);
    return text;
}

static const struct option common[] = {{"bind", 1, NULL, 'b'},
                                       {"port", 1, NULL, 'p'},
                                       {"max-viewers", 1, NULL, 'm'},
                                       {"origin", 1, NULL, 'o'},
                                       {"view-only", 0, NULL, 'w'},
                                       {"max-events", 1, NULL, 'e'},
                                       {"control", 1, NULL, 'c'},
                                       {"host", 1, NULL, 'H'},
                                       {"share-port", 0, NULL, 'S'},
                                       {"cors", 1, NULL, 'C'},
                                       {"tls-cert", 1, NULL, 'T'},
                                       {"tls-key", 1, NULL, 'K'},
                                       {"token-file", 1, NULL, 't'},
                                       {"max-per-address", 1, NULL, 'a'},
                                       {"www", 1, NULL, 'W'},
                                       {"ladder", 1, NULL, 'l'},
                                       {"hsts", 1, NULL, 's'},
                                       {"verbose", 0, NULL, 'v'},
                                       {"help", 0, NULL, 'h'},
                                       {"version", 0, NULL, 'V'},
                                       {0}};

const char options_help[] =
    "  -b, --bind ADDR           listen at ADDR or unix:PATH (127.0.0.1)\n"
    "  -p, --port PORT           TCP port (8080); 0 takes a free one\n"
    "      --share-port          share the port with other servers of this user\n"
    "      --tls-cert FILE       serve TLS with this certificate chain (PEM)\n"
    "      --tls-key FILE        private key of the certificate (PEM)\n"
    "      --hsts SECONDS        make browsers use https only\n"
    "      --token-file FILE     require the tokens of FILE: lines of 'view TOKEN' or\n"
    "                            'control TOKEN'\n"
    "      --host NAME           accept requests for this host name as well\n"
    "      --origin ORIGIN       accept WebSockets from pages of ORIGIN as well\n"
    "      --cors ORIGIN         let scripts of ORIGIN, or of any with '*', read\n"
    "                            images\n"
    "      --control MODE        accept input of any viewer (the default), of the\n"
    "                            first to come, or of viewers with a control token\n"
    "      --view-only           accept no input\n"
    "      --ladder NAME,NAME... streams of falling rate for viewers on slow\n"
    "                            connections\n"
    "      --www DIR             serve the files of DIR at /\n"
    "      --max-viewers N       viewers at once (256)\n"
    "      --max-per-address N   connections per address (64; local ones unlimited)\n"
    "      --max-events N        events per second and viewer (1000)\n"
    "  -v, --verbose             report viewers that come and go on standard error\n";

/* The common options and the program's own. */
static void options_table(struct option longs[OPTION_LONGS], const struct option *own)
{
    size_t count = sizeof common / sizeof common[0] - 1;
    memcpy(longs, common, count * sizeof *longs);
    while (own && own->name && count < OPTION_LONGS - 1)
        longs[count++] = *own++;
    longs[count] = (struct option){0};
}

static void options_parse(struct options *o, const struct server_program *program, int argc,
                          char **argv)
{
    struct option longs[OPTION_LONGS];
    options_table(longs, program->longs);
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
        case 's':
            o->hsts = (unsigned)cli_number("--hsts", optarg, 1, HSTS_MAX);
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
            if (c < OPTION_OWN)
                cli_option(c);
            program->option(c, optarg);
        }
    if (program->checked)
        program->checked();
    if (o->control >= 0 && o->view_only)
        cli_die(CLI_USAGE, "--control and --view-only are mutually exclusive");
    if (!o->tls_cert != !o->tls_key)
        cli_die(CLI_USAGE, "--tls-cert and --tls-key must be given together");
    if (o->hsts && !o->tls_cert)
        cli_die(CLI_USAGE, "--hsts requires --tls-cert");
    if (o->control == CONTROL_TOKEN && !o->token_file)
        cli_die(CLI_USAGE, "--control token requires --token-file");
}

enum control_mode options_control(const struct options *o)
{
    return o->view_only     ? CONTROL_NONE
           : o->control < 0 ? CONTROL_ANY
                            : (enum control_mode)o->control;
}

void options_read(struct options *o, const struct server_program *program, int argc, char **argv)
{
    *o = (struct options){.address = "127.0.0.1",
                          .port = 8080,
                          .origins = calloc((size_t)argc, sizeof *o->origins),
                          .ladders = calloc((size_t)argc, sizeof *o->ladders),
                          .viewers_max = VIEWERS_DEFAULT,
                          .events_max = EVENTS_DEFAULT,
                          .control = -1,
                          .hosts = calloc((size_t)argc + 2, sizeof *o->hosts),
                          .per_address = -1,
                          .cors = calloc((size_t)argc, sizeof *o->cors)};
    if (!o->origins || !o->ladders || !o->cors || !o->hosts)
        cli_die(CLI_FAIL, "%s", strerror(errno));
    options_parse(o, program, argc, argv);
}

void options_free(struct options *o)
{
    free(o->origins);
    free(o->ladders);
    free(o->cors);
    free(o->hosts);
}

unsigned options_per_address(const struct options *o, bool *local)
{
    *local = o->per_address >= 0;
    return *local ? (unsigned)o->per_address : PER_ADDRESS_DEFAULT;
}
