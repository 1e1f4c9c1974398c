/* The command line of a server. */
#ifndef SERVER_OPTIONS_H
#define SERVER_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "server/stream/control.h"

struct server_program;

struct options {
    const char *address;
    uint16_t port;
    bool share_port;
    const char *www;
    const char **origins, **cors;
    size_t origin_count, cors_count;
    const char **ladders;
    size_t ladder_count;
    const char **hosts; /* with room for two more */
    size_t host_count;
    const char *tls_cert, *tls_key, *token_file;
    unsigned hsts; /* seconds; 0: not given */
    unsigned viewers_max;
    unsigned events_max;
    int per_address; /* -1: not given */
    int control;     /* enum control_mode; -1: not given */
    bool view_only;
    bool verbose;
};

/* The lines of --help about the options that every server has. */
extern const char options_help[];

/* Reads the options of argv, or exits with a message; operands are from optind on. */
void options_read(struct options *options, const struct server_program *program, int argc,
                  char **argv);
void options_free(struct options *options);

enum control_mode options_control(const struct options *options);

/* The limit on connections of one address. *local: it applies to this machine too. */
unsigned options_per_address(const struct options *options, bool *local);

#endif
