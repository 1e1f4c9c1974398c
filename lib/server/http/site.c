#include "site.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POLICY_BYTES = 1024 };

/* A policy limits what scripts of a page may do, and which pages may frame it. Pages of --www may
 * have other needs than the built-in ones, and can set a policy of their own. */
static char *make_policy(const struct site *site, const char *directives)
{
    char *out = NULL;
    size_t bytes;
    FILE *to = open_memstream(&out, &bytes);
    if (!to)
        return NULL;
    fprintf(to, "content-security-policy:%c%sframe-ancestors 'self'", 0, directives);
    for (size_t i = 0; i < site->origin_count; i++)
        if (strcmp(site->origins[i], "null"))
            fprintf(to, " %s", site->origins[i]);
    fwrite("\0", 1, 2, to);
    if (fclose(to) || bytes > POLICY_BYTES) {
        free(out);
        return NULL;
    }
    return out;
}

int site_make_policies(struct site *site)
{
    site->policy[false] =
        make_policy(site, "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; "
                          "base-uri 'none'; form-action 'none'; ");
    site->policy[true] = make_policy(site, "");
    return site->policy[false] && site->policy[true] ? 0 : -1;
}

void site_free_policies(struct site *site)
{
    free(site->policy[false]);
    free(site->policy[true]);
}
