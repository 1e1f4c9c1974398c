/* What the programs that serve have in common: all but a few options and a transport. */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <getopt.h>

/* Of the usage, between the program's name and its own options, or " NAME ...\n". */
#define PROGRAM_USAGE                                                                              \
    " [-b ADDR] [-p PORT] [--share-port] [--tls-cert FILE --tls-key FILE]"                         \
    " [--token-file FILE] [--host NAME] [--origin ORIGIN] [--cors ORIGIN]"                         \
    " [--control any|first|token] [--view-only] [--ladder NAME,NAME[,...]] [--www DIR]"            \
    " [--max-viewers N] [--max-per-address N] [--max-events N] [-v]"

struct rtc;

struct program {
    const char *name, *usage;
    const char *help;           /* lines of --help about its own options, or NULL */
    const struct option *longs; /* of its own, values from OPTION_OWN on, ending in {0}; or NULL */
    void (*option)(int value, char *argument); /* one of those was said */
    void (*checked)(void);                     /* all were said; or NULL */
    const struct rtc *rtc;                     /* rtc.h: viewers that come by an offer; or NULL */
};

enum { OPTION_OWN = 256, OPTION_LONGS = 64 /* the most there are, all in all */ };

/*
 * The whole of a main: serves the streams that argv names, until all were removed or a signal ends
 * it. stdout: one line, the address, once it listens. Exit: 0 every stream was removed, 2 usage,
 * 3 no such stream, port in use, stdout not writable.
 */
_Noreturn void program_run(const struct program *program, int argc, char **argv);

#endif
