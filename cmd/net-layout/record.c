#include "record.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "tool/cli.h"

enum { HEAD = 128, ROWS = 1024 };

/* Version 1.0 of the format: magic, version, length of the text, the text up to HEAD bytes. */
static void put_head(char head[HEAD], uint32_t nodes, unsigned dimensions)
{
    char text[HEAD];
    int n = snprintf(text, sizeof text,
                     "{'descr': '<f4', 'fortran_order': False, 'shape': (%" PRIu32 ", %u), }",
                     nodes, dimensions);
    memset(head, ' ', HEAD);
    memcpy(head, "\x93NUMPY\x01\x00", 8);
    head[8] = HEAD - 10;
    head[9] = 0;
    memcpy(head + 10, text, (size_t)n);
    head[HEAD - 1] = '\n';
}

int record_places(const struct place *at, uint32_t nodes, unsigned dimensions)
{
    char head[HEAD];
    float rows[ROWS * 3];
    put_head(head, nodes, dimensions);
    if (cli_write(STDOUT_FILENO, head, HEAD))
        return -1;
    for (uint32_t done = 0; done < nodes;) {
        uint32_t count = nodes - done < ROWS ? nodes - done : ROWS;
        float *row = rows;
        for (uint32_t i = done; i < done + count; i++) {
            *row++ = at[i].x;
            *row++ = at[i].y;
            if (dimensions == 3)
                *row++ = at[i].z;
        }
        if (cli_write(STDOUT_FILENO, rows, (size_t)count * dimensions * sizeof(float)))
            return -1;
        done += count;
    }
    return 0;
}
