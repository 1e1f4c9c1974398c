#include "memstream.h"
#include <stdbool.h>
#include <stdlib.h>

char *memstream_end(FILE *to, char **text)
{
    bool bad = ferror(to);
    if (fclose(to) || bad) {
        free(*text);
        *text = NULL;
    }
    return *text;
}
