/*
 * DTLS (RFC 6347) of one peer over datagrams that others carry, with the keys for SRTP (RFC 5764).
 * The transport thread makes all calls and gets all callbacks.
 */
#ifndef DTLS_H
#define DTLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "loopthread.h"
#include "srtpsession.h"

struct dtls;

/* user is that of dtls_new. No callback may free the dtls. */
struct dtls_ops {
    void (*send)(void *user, const uint8_t *data, size_t bytes); /* a datagram for the peer */
    void (*connected)(void *user);                               /* called once */
    void (*data)(void *user, const uint8_t *data, size_t bytes);
    void (*closed)(void *user, const char *why); /* called once; why is a literal */
};

/* Creates the certificate of this process; dtls_exit frees it. Main thread. 0, or -1 with errno. */
int dtls_init(void);
void dtls_exit(void);

/* Its fingerprint as SDP has it: "sha-256 01:23:..." (RFC 8122). */
const char *dtls_fingerprint(void);

/* True for a fingerprint that dtls_new can check. */
bool dtls_is_fingerprint(const char *text);

/* client: this side begins the handshake, on dtls_start. fingerprint: of the peer's certificate.
 * NULL: no memory. */
struct dtls *dtls_new(struct loopthread *thread, bool client, const char *fingerprint,
                      const struct dtls_ops *ops, void *user);

/* Sends the peer a close_notify alert if connected. NULL is allowed. */
void dtls_free(struct dtls *dtls);

void dtls_start(struct dtls *dtls);

/* Takes a datagram of the peer. */
void dtls_input(struct dtls *dtls, const uint8_t *data, size_t bytes);

/* Sends data once connected; it may get lost. */
void dtls_send(struct dtls *dtls, const void *data, size_t bytes);

/* Once connected. False: there are none. */
bool dtls_srtp_keys(const struct dtls *dtls, struct srtpkeys *out);

#endif
