#include "report.h"
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int report_error(struct report *report, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(report->error, sizeof report->error, format, args);
    va_end(args);
    return -1;
}

int report_graph_error(struct report *report)
{
    return report_error(report, "%s",
                        errno == EOVERFLOW
                            ? "more nodes or edges than a stream can hold (2^24 and 2^28)"
                            : strerror(errno));
}

void report_left_out(struct report *report, const char *format, ...)
{
    size_t used = strlen(report->left_out);
    va_list args;
    if (used)
        used += (size_t)snprintf(report->left_out + used, sizeof report->left_out - used, ", ");
    if (used >= sizeof report->left_out)
        return;
    va_start(args, format);
    vsnprintf(report->left_out + used, sizeof report->left_out - used, format, args);
    va_end(args);
}

void report_negatives(struct report *report, uint64_t edges)
{
    if (edges)
        report_left_out(report, "%" PRIu64 " edge%s of negative weight", edges,
                        edges == 1 ? "" : "s");
}
