#include "weight.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum weight_result weight_check(double *weight, enum negative negative)
{
    if (!(fabs(*weight) <= 1e30))
        return WEIGHT_BAD;
    if (*weight < 0 && negative == NEGATIVE_REFUSE)
        return WEIGHT_NEGATIVE;
    if (*weight < 0 && negative == NEGATIVE_SKIP)
        return WEIGHT_SKIP;
    *weight = fabs(*weight);
    return WEIGHT_OK;
}

enum weight_result weight_parse(const char *text, size_t bytes, enum negative negative,
                                double *weight)
{
    char number[64], *end;
    if (bytes == 0 || bytes >= sizeof number)
        return WEIGHT_BAD;
    memcpy(number, text, bytes);
    number[bytes] = 0;
    *weight = strtod(number, &end);
    return *end ? WEIGHT_BAD : weight_check(weight, negative);
}

int weight_error(struct report *report, uint64_t edge, double weight)
{
    return report_error(report, "edge %" PRIu64 " has the weight %g; use %s", edge, weight,
                        weight < 0 && weight >= -1e30 ? "--negative=abs or --negative=skip"
                                                      : "a number from 0 to 1e30");
}
