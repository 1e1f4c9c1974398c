/* The main function of programs that serve streams: everything except a transport and its options.
 */
#ifndef SERVER_SERVERMAIN_H
#define SERVER_SERVERMAIN_H

#include <getopt.h>

/* Part of the usage text, between the program's name and its own options, or " NAME ...\n". */
#define SERVERMAIN_USAGE                                                                           \
    " [-b ADDR] [-p PORT] [--share-port] [--tls-cert FILE --tls-key FILE [--hsts SECONDS]]"        \
    " [--token-file FILE] [--host NAME] [--origin ORIGIN] [--cors ORIGIN]"                         \
    " [--control any|first|token] [--view-only] [--ladder NAME,NAME[,...]] [--www DIR]"            \
    " [--max-viewers N] [--max-per-address N] [--max-events N] [-v]"

struct server_extension;

struct server_program {
    const char *name, *usage;
    const char *help; /* lines of --help about its own options, or NULL */
    const struct option
        *longs; /* its own options, values from OPTION_OWN on, or NULL; {0} ends it */
    void (*option)(int value, char *argument); /* called for each of them */
    void (*checked)(void);                     /* called after all options; or NULL */
    const struct server_extension *extension;  /* a further transport, or NULL */
};

enum { OPTION_OWN = 256, OPTION_LONGS = 64 /* room for all long options */ };

/*
 * The whole of a main: serves the streams that argv names, until all were removed or a signal ends
 * it. stdout: one line, the address, once it listens. Exit: 0 every stream was removed, 2 usage,
 * 3 no such stream, port in use, stdout not writable.
 */
_Noreturn void servermain_run(const struct server_program *program, int argc, char **argv);

#endif
