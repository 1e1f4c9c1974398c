/* STUN and TURN servers (RFC 7064, RFC 7065): from the command line, for GStreamer and browsers. */
#ifndef ICE_H
#define ICE_H

enum { ICE_LINES = 2048 };

struct ice {
    const char *stun, *turn; /* URLs for GStreamer, or NULL */
    char *json;              /* browsers' iceServers, an array */
    char links[ICE_LINES];   /* Link header lines (RFC 9725): "name:\0value\0" each, then "\0" */
};

/* Reads the URLs of --stun and --turn; NULL: not given. Exits with a message on invalid ones. */
void ice_read(struct ice *ice, const char *stun, const char *turn);
void ice_free(struct ice *ice);

#endif
