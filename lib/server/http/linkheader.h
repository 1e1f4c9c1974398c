/* Link headers (RFC 8288), as WHIP uses them to name STUN and TURN servers (RFC 9725, section
 * 4.6). */
#ifndef SERVER_LINKHEADER_H
#define SERVER_LINKHEADER_H

#include <stdbool.h>

enum { LINKHEADER_URL = 300, LINKHEADER_VALUE = 256 };

/* An ICE server; a part that was not given is "". */
struct linkheader {
    char url[LINKHEADER_URL];
    char user[LINKHEADER_VALUE], credential[LINKHEADER_VALUE], kind[32]; /* of the credential */
};

/* Reads the next link of rel="ice-server" from *at, a list of links separated by commas, and moves
 * *at behind it. Skips other links, and links that are too long. false: there is no further one. */
bool linkheader_next(const char **at, struct linkheader *out);

#endif
