#ifndef SHM_LS_OPTIONS_H
#define SHM_LS_OPTIONS_H

#include <stdbool.h>

struct options {
    bool detail, json, watch; /* -l, -j, -w */
    bool all, check;
    char **names; /* NULL-terminated; none: all objects */
    bool *found;  /* for each name: the last scan has found an object */
};

#endif
