/* Metrics in Prometheus' text format 0.0.4; man/shmcast-web.7 lists the names. */
#ifndef SERVER_METRICS_H
#define SERVER_METRICS_H

#include <stddef.h>
#include <stdio.h>
#include "site.h"

struct served;

/* The metrics of all streams, in malloc'ed memory, or NULL. */
char *metrics_text(const struct site *site, size_t *bytes);

/* Write the lines before a metric's samples, and the beginning of a sample; the caller writes its
 * end, "} 1\n". */
void metrics_head(FILE *to, const char *name, const char *type, const char *help);
void metrics_sample(FILE *to, const char *name, const struct served *served);

#endif
