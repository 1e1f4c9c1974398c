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
    static const char *const directives[POLICIES] = {
        [POLICY_BUILT_IN] = "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; "
                            "base-uri 'none'; form-action 'none'; ",
        [POLICY_WWW] = "",
        [POLICY_FORM] = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
                        "base-uri 'none'; form-action 'self'; ",
    };
    for (int i = 0; i < POLICIES; i++)
        if (!(site->policy[i] = make_policy(site, directives[i])))
            return -1;
    return 0;
}

void site_free_policies(struct site *site)
{
    for (int i = 0; i < POLICIES; i++)
        free(site->policy[i]);
}
