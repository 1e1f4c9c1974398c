/* What a server's command line says. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "servermain.h"
#include "serve.h"

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

/* The lines of --help about the options that every server has. */
extern const char options_help[];

/* The options of argv, or exits with a message; its operands are from optind on. */
void options_read(struct options *options, const struct program *program, int argc, char **argv);
void options_free(struct options *options);

enum control_mode options_control(const struct options *options);

/* Connections of one address, and whether this machine's count too. */
unsigned options_per_address(const struct options *options, bool *local);

/* NAME … of the command line, checked, without their slashes, and what the ladders add. */
void options_names(const struct options *options, struct names *names, char **words, size_t count);

#endif
