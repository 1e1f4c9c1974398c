#include "npy.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "tool/cli.h"

enum { HEADER = 128, ROWS = 1024 };

/* Version 1.0 of the format: magic, version, text length, and text padded to HEADER bytes. */
static void fill_header(char header[HEADER], uint32_t nodes, unsigned dimensions)
{
    char text[HEADER];
    int n = snprintf(text, sizeof text,
                     "{'descr': '<f4', 'fortran_order': False, 'shape': (%" PRIu32 ", %u), }",
                     nodes, dimensions);
    memset(header, ' ', HEADER);
    memcpy(header, "\x93NUMPY\x01\x00", 8);
    header[8] = HEADER - 10;
    header[9] = 0;
    memcpy(header + 10, text, (size_t)n);
    header[HEADER - 1] = '\n';
}

int npy_write(const struct body *bodies, uint32_t nodes, unsigned dimensions)
{
    char header[HEADER];
    float rows[ROWS * 3];
    fill_header(header, nodes, dimensions);
    if (cli_write(STDOUT_FILENO, header, HEADER))
        return -1;
    for (uint32_t done = 0; done < nodes;) {
        uint32_t count = nodes - done < ROWS ? nodes - done : ROWS;
        float *row = rows;
        for (uint32_t i = done; i < done + count; i++) {
            *row++ = bodies[i].x;
            *row++ = bodies[i].y;
            if (dimensions == 3)
                *row++ = bodies[i].z;
        }
        /* cppcheck-suppress uninitvar ; count is not 0 */
        if (cli_write(STDOUT_FILENO, rows, (size_t)(row - rows) * sizeof *rows))
            return -1;
        done += count;
    }
    return 0;
}
