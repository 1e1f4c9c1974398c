/* What the programs that serve have in common: all but a few options and a transport. */
#ifndef PROGRAM_H
#define PROGRAM_H

/* Of the usage, between the program's name and its own options, or " NAME ...\n". */
#define PROGRAM_USAGE                                                                              \
    " [-b ADDR] [-p PORT] [--share-port] [--tls-cert FILE --tls-key FILE]"                         \
    " [--token-file FILE] [--host NAME] [--origin ORIGIN] [--cors ORIGIN]"                         \
    " [--control any|first|token] [--view-only] [--ladder NAME,NAME[,...]] [--www DIR]"            \
    " [--max-viewers N] [--max-per-address N] [--max-events N] [-v]"

struct program {
    const char *name, *usage;
};

/*
 * The whole of a main: serves the streams that argv names, until all were removed or a signal ends
 * it. stdout: one line, the address, once it listens. Exit: 0 every stream was removed, 2 usage,
 * 3 no such stream, port in use, stdout not writable.
 */
_Noreturn void program_run(const struct program *program, int argc, char **argv);

#endif
