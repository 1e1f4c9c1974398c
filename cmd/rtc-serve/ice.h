/* STUN and TURN servers: as the command line says them, as GStreamer and as browsers want them. */
#ifndef ICE_H
#define ICE_H

enum { ICE_LINES = 2048 };

struct ice {
    const char *stun, *turn; /* for GStreamer, or NULL */
    char *json;              /* the array of browsers' iceServers */
    char links[ICE_LINES];   /* header lines, as http_text takes them */
};

/* Takes --stun's and --turn's URLs, or NULL for none; exits with a message when they are none. */
void ice_read(struct ice *ice, const char *stun, const char *turn);
void ice_free(struct ice *ice);

#endif
