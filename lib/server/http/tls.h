/* Certificate and key: read by OpenSSL, given to each connection, replaced on reload. */
#ifndef SERVER_TLS_H
#define SERVER_TLS_H

#include <stddef.h>

struct tls;

/* Reads both files into *tls, which is allocated if NULL. 0; or an exit code, with a message in
 * problem, and *tls is unchanged. */
int tls_load(struct tls **tls, const char *cert, const char *key, char *problem, size_t size);
void tls_free(struct tls *tls); /* NULL is allowed */

/* Sets up lws's SSL_CTX. */
void tls_setup(struct tls *tls, void *context);

#endif
