#include "tls.h"
#include "tool/cli.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct tls {
    SSL_CTX *loaded; /* holds certificate, chain and key; not used for connections */
};

/* Nobody can enter a pass phrase. */
static int no_phrase(char *out, int size, int writing, void *user)
{
    (void)out;
    (void)size;
    (void)writing;
    *(bool *)user = true;
    return -1;
}

static int report(char *problem, size_t size, const char *path, const char *why)
{
    snprintf(problem, size, "%s: %s", path, why);
    ERR_clear_error();
    return CLI_FAIL;
}

static bool readable(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    close(fd);
    return true;
}

int tls_load(struct tls **tls, const char *cert, const char *key, char *problem, size_t size)
{
    bool asked = false;
    int status = CLI_FAIL;
    struct tls *made = *tls ? *tls : calloc(1, sizeof *made);
    SSL_CTX *loaded = SSL_CTX_new(TLS_server_method());
    if (!made || !loaded) {
        snprintf(problem, size, "%s: no memory", cert);
        goto out;
    }
    ERR_clear_error();
    SSL_CTX_set_default_passwd_cb(loaded, no_phrase);
    SSL_CTX_set_default_passwd_cb_userdata(loaded, &asked);
    if (!readable(cert))
        report(problem, size, cert, strerror(errno));
    else if (!readable(key))
        report(problem, size, key, strerror(errno));
    else if (SSL_CTX_use_certificate_chain_file(loaded, cert) != 1)
        report(problem, size, cert, "no usable certificate in PEM format");
    else if (SSL_CTX_use_PrivateKey_file(loaded, key, SSL_FILETYPE_PEM) != 1 ||
             SSL_CTX_check_private_key(loaded) != 1)
        report(problem, size, key,
               asked ? "the key has a pass phrase; remove it with openssl pkey"
                     : "no private key in PEM format that matches the certificate");
    else
        status = 0;
    if (status)
        goto out;
    SSL_CTX_free(made->loaded);
    made->loaded = loaded;
    *tls = made;
    return 0;
out:
    SSL_CTX_free(loaded);
    if (made != *tls)
        free(made);
    return status;
}

void tls_free(struct tls *tls)
{
    if (tls)
        SSL_CTX_free(tls->loaded);
    free(tls);
}

/* Gives the current certificate to a handshake. */
static int give_certificate(SSL *ssl, void *user)
{
    const struct tls *tls = user;
    STACK_OF(X509) *chain = NULL;
    SSL_CTX_get0_chain_certs(tls->loaded, &chain);
    return SSL_use_cert_and_key(ssl, SSL_CTX_get0_certificate(tls->loaded),
                                SSL_CTX_get0_privatekey(tls->loaded), chain, 1);
}

void tls_setup(struct tls *tls, void *context)
{
    SSL_CTX *ctx = context;
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20"); /* of TLS 1.2 */
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_session_cache_mode(ctx,
                                   SSL_SESS_CACHE_OFF); /* tickets suffice, and take no memory */
    SSL_CTX_set_cert_cb(ctx, give_certificate, tls);
}
