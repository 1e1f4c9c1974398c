/* STUN and TURN servers (RFC 7064, RFC 7065): from the command line, for libnice and browsers; and
 * from Link headers. */
#ifndef ICE_H
#define ICE_H

enum { ICE_LINES = 2048 };

enum iceserver_kind { ICESERVER_STUN, ICESERVER_TURN_UDP, ICESERVER_TURN_TCP, ICESERVER_TURN_TLS };

struct iceserver {
    enum iceserver_kind kind;
    char *host; /* a name, or an address without brackets */
    int port;
    char *user, *password; /* of TURN */
};

struct ice {
    struct iceserver servers[3]; /* up to one without a host */
    char *json;                  /* browsers' iceServers, an array */
    char links[ICE_LINES]; /* Link header lines (RFC 9725): "name:\0value\0" each, then "\0" */
};

/* Reads the URLs of --stun and --turn; NULL: not given. Exits with a message on invalid ones. */
void ice_read(struct ice *ice, const char *stun, const char *turn);
void ice_free(struct ice *ice);

/* The servers of Link headers (RFC 9725, section 4.6), up to one without a host; the first eight of
 * those that can be used. NULL: none. Ends with iceservers_free. */
struct iceserver *iceservers_read(const char *links);
void iceservers_free(struct iceserver *servers); /* NULL is allowed */

#endif
