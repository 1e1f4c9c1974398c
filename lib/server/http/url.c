#include "url.h"
#include <stdio.h>
#include <string.h>

void url_encode(const char *name, char *out)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (; *name; name++)
        if (strchr(plain, *name))
            *out++ = *name;
        else
            out += sprintf(out, "%%%02X", (unsigned char)*name);
    *out = 0;
}
