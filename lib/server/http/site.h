/* Settings and limits that all connections of a server share. */
#ifndef SERVER_SITE_H
#define SERVER_SITE_H

#include <stdbool.h>
#include <stddef.h>

struct streams;
struct tls;
struct tokens;
struct whep_ops;

enum { SITE_HEADER_BYTES = 16384 /* of one request; cookies of all ports of localhost included */ };

/* Limits on a page's scripts and forms: of built-in pages, of those of --www, of the page that asks
 * for a token. */
enum policy { POLICY_BUILT_IN, POLICY_WWW, POLICY_FORM, POLICIES };

struct site {
    struct streams *streams;
    const struct whep_ops *whep; /* NULL: no WebRTC */
    const char **origins;        /* pages allowed besides the server's own */
    size_t origin_count;
    const char **cors; /* pages that may read images and statistics; "*": all */
    size_t cors_count;
    const char **hosts; /* names allowed in Host besides addresses and localhost */
    size_t host_count;
    bool any_host;
    bool view_only;
    int www;                   /* the folder of --www, or -1 */
    bool www_fury;             /* it has FURY's page */
    unsigned files, files_max; /* files of that folder that are being sent */
    struct tls *tls;           /* NULL: plain HTTP */
    unsigned hsts;             /* seconds for which browsers are to use https only, or 0 */
    struct tokens *tokens;     /* NULL: no token required */
    char *policy[POLICIES];    /* header lines */
    unsigned connections, connections_max;
    unsigned per_address;   /* connections of one address; 0: unlimited */
    bool per_address_local; /* limit those of this machine too */
    unsigned closing;       /* connections that are to close and have not closed yet */
};

/* Sets the policies. -1: too many origins, or no memory. */
int site_make_policies(struct site *site);
void site_free_policies(struct site *site);

#endif
