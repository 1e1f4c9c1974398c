/* The output for programs, -j. */
#ifndef SHM_LS_JSON_H
#define SHM_LS_JSON_H

#include "scan.h"

void json_print(const struct scan *scan);

#endif
