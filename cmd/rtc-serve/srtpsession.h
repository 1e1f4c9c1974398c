/* SRTP (RFC 3711) of one peer: protects the packets sent, opens the RTCP received. */
#ifndef SRTPSESSION_H
#define SRTPSESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "rtp.h"

struct srtpsession;

enum { SRTPKEYS_BYTES = 64 };

/* Each key is followed by its salt. */
struct srtpkeys {
    unsigned profile; /* as numbered for DTLS (RFC 5764, section 4.1.2) */
    uint8_t local[SRTPKEYS_BYTES], remote[SRTPKEYS_BYTES];
};

/* Sizes of a key and a salt of the profile; 0: unknown. */
void srtpkeys_sizes(const struct srtpkeys *keys, size_t *key, size_t *salt);

/* Starts and ends the library. Main thread. 0, or -1 with errno. */
int srtpsession_init(void);
void srtpsession_exit(void);

/* NULL: failed. */
struct srtpsession *srtpsession_new(const struct srtpkeys *keys);
void srtpsession_free(struct srtpsession *session); /* NULL is allowed */

/* Protects a packet in place; false: drop it. */
bool srtpsession_protect(struct srtpsession *session, struct packet *packet);
bool srtpsession_protect_rtcp(struct srtpsession *session, struct packet *packet);

/* Opens RTCP of at least 8 bytes in place; false: drop it. Ignores a peer's 17th SSRC and later
 * ones, as libsrtp keeps a state for each. */
bool srtpsession_open_rtcp(struct srtpsession *session, struct packet *packet);

#endif
