#include "dtls.h"
#include <errno.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>

enum {
    MTU = 1200,
    RETRY_US = 250000, /* the first retransmission of a flight; doubles up to RETRY_MAX_US */
    RETRY_MAX_US = 4000000,
    DAYS = 30,                /* the certificate's validity, which no peer checks */
    FINGERPRINT_BYTES = 256,  /* text */
    RECORD_BYTES = 1 << 14,   /* longest record */
    CLOCK_SKEW_S = 24 * 3600, /* the certificate is valid from this long ago */
};

struct dtls {
    struct loopthread *thread;
    const struct dtls_ops *ops;
    void *user;
    SSL *ssl;
    BIO *in; /* the SSL's; has at most one datagram */
    GSource *timer;
    bool connected, closed;
    char fingerprint[FINGERPRINT_BYTES];
};

static SSL_CTX *context;
static BIO_METHOD *output;
static char own_fingerprint[FINGERPRINT_BYTES];

/* --- certificates --- */

static const EVP_MD *digest_of(const char *fingerprint)
{
    static const struct {
        const char *name;
        const EVP_MD *(*digest)(void);
    } known[] = {{"sha-256 ", EVP_sha256}, {"sha-384 ", EVP_sha384}, {"sha-512 ", EVP_sha512}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strncasecmp(fingerprint, known[i].name, strlen(known[i].name)) == 0)
            return known[i].digest();
    return NULL;
}

bool dtls_is_fingerprint(const char *text)
{
    const EVP_MD *digest = digest_of(text);
    return digest && strlen(strchr(text, ' ') + 1) == 3 * (size_t)EVP_MD_get_size(digest) - 1;
}

/* Formats the certificate's digest like "01:23:...". */
static bool format_digest(const X509 *certificate, const EVP_MD *digest, char *out)
{
    unsigned char value[EVP_MAX_MD_SIZE];
    unsigned bytes;
    if (!X509_digest(certificate, digest, value, &bytes))
        return false;
    for (unsigned i = 0; i < bytes; i++)
        sprintf(out + 3 * i, "%02X%s", value[i], i + 1 < bytes ? ":" : "");
    return true;
}

static X509 *certificate_new(EVP_PKEY *key)
{
    unsigned char serial[8];
    X509 *made = X509_new();
    if (!made || RAND_bytes(serial, sizeof serial) != 1)
        goto fail;
    serial[0] = (serial[0] & 0x7f) | 1;
    BIGNUM *number = BN_bin2bn(serial, sizeof serial, NULL);
    bool set = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(made));
    BN_free(number);
    X509_NAME *name = X509_get_subject_name(made);
    if (set && X509_set_version(made, 2) &&
        X509_gmtime_adj(X509_getm_notBefore(made), -CLOCK_SKEW_S) &&
        X509_gmtime_adj(X509_getm_notAfter(made), DAYS * 24 * 3600L) &&
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"shmcast", -1,
                                   -1, 0) &&
        X509_set_issuer_name(made, name) && X509_set_pubkey(made, key) &&
        X509_sign(made, key, EVP_sha256()))
        return made;
fail:
    X509_free(made);
    return NULL;
}

/* Any certificate passes here: its fingerprint is checked after the handshake. */
static int accept_any(int ok, X509_STORE_CTX *store)
{
    (void)ok;
    (void)store;
    return 1;
}

static bool context_prepare(EVP_PKEY *key, X509 *certificate)
{
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, accept_any);
    SSL_CTX_set_options(context, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_read_ahead(context, 1);
    /* Returns 0 for success, unlike the others. */
    return SSL_CTX_set_tlsext_use_srtp(context, "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80") ==
               0 &&
           SSL_CTX_set_min_proto_version(context, DTLS1_2_VERSION) &&
           SSL_CTX_use_certificate(context, certificate) && SSL_CTX_use_PrivateKey(context, key);
}

static int output_write(BIO *bio, const char *data, int bytes)
{
    struct dtls *dtls = BIO_get_data(bio);
    dtls->ops->send(dtls->user, (const uint8_t *)data, (size_t)bytes);
    return bytes;
}

static long output_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

static bool output_prepare(void)
{
    output = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "datagrams");
    return output && BIO_meth_set_write(output, output_write) &&
           BIO_meth_set_ctrl(output, output_control);
}

int dtls_init(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = key ? certificate_new(key) : NULL;
    context = SSL_CTX_new(DTLS_method());
    bool ready = certificate && context && output_prepare() && context_prepare(key, certificate) &&
                 format_digest(certificate, EVP_sha256(), stpcpy(own_fingerprint, "sha-256 "));
    X509_free(certificate);
    EVP_PKEY_free(key);
    ERR_clear_error();
    if (ready)
        return 0;
    dtls_exit();
    errno = ENOMEM;
    return -1;
}

void dtls_exit(void)
{
    SSL_CTX_free(context);
    BIO_meth_free(output);
    context = NULL;
    output = NULL;
}

const char *dtls_fingerprint(void)
{
    return own_fingerprint;
}

/* --- a connection --- */

static unsigned retry_us(SSL *ssl, unsigned last)
{
    (void)ssl;
    return !last ? RETRY_US : last >= RETRY_MAX_US / 2 ? RETRY_MAX_US : 2 * last;
}

struct dtls *dtls_new(struct loopthread *thread, bool client, const char *fingerprint,
                      const struct dtls_ops *ops, void *user)
{
    struct dtls *dtls = g_new0(struct dtls, 1);
    dtls->thread = thread;
    dtls->ops = ops;
    dtls->user = user;
    g_strlcpy(dtls->fingerprint, fingerprint, sizeof dtls->fingerprint);
    dtls->ssl = SSL_new(context);
    dtls->in = BIO_new(BIO_s_mem());
    BIO *out = BIO_new(output);
    if (!dtls->ssl || !dtls->in || !out) {
        SSL_free(dtls->ssl);
        BIO_free(dtls->in);
        BIO_free(out);
        g_free(dtls);
        return NULL;
    }
    BIO_set_mem_eof_return(dtls->in, -1);
    BIO_set_data(out, dtls);
    BIO_set_init(out, 1);
    SSL_set_bio(dtls->ssl, dtls->in, out);
    SSL_set_mtu(dtls->ssl, MTU);
    DTLS_set_timer_cb(dtls->ssl, retry_us);
    if (client)
        SSL_set_connect_state(dtls->ssl);
    else
        SSL_set_accept_state(dtls->ssl);
    return dtls;
}

void dtls_free(struct dtls *dtls)
{
    if (!dtls)
        return;
    loopthread_end(&dtls->timer);
    if (dtls->connected && !dtls->closed)
        SSL_shutdown(dtls->ssl);
    SSL_free(dtls->ssl);
    ERR_clear_error();
    g_free(dtls);
}

static void set_closed(struct dtls *dtls, const char *why)
{
    if (dtls->closed)
        return;
    dtls->closed = true;
    loopthread_end(&dtls->timer);
    dtls->ops->closed(dtls->user, why);
}

static bool peer_is_right(const struct dtls *dtls)
{
    char digest[3 * EVP_MAX_MD_SIZE + 1];
    const EVP_MD *kind = digest_of(dtls->fingerprint);
    X509 *certificate = SSL_get1_peer_certificate(dtls->ssl);
    bool right = certificate && kind && format_digest(certificate, kind, digest) &&
                 strcasecmp(digest, strchr(dtls->fingerprint, ' ') + 1) == 0;
    X509_free(certificate);
    return right;
}

static gboolean retransmit(gpointer user);

/* Waits for the next retransmission of the handshake, if it has one. */
static void set_timer(struct dtls *dtls)
{
    struct timeval left;
    loopthread_end(&dtls->timer);
    if (DTLSv1_get_timeout(dtls->ssl, &left))
        dtls->timer =
            loopthread_timer(dtls->thread, (unsigned)(left.tv_sec * 1000 + left.tv_usec / 1000 + 1),
                             retransmit, dtls, NULL);
}

static gboolean retransmit(gpointer user)
{
    struct dtls *dtls = user;
    int result = DTLSv1_handle_timeout(dtls->ssl);
    ERR_clear_error();
    if (result < 0)
        set_closed(dtls, "encryption failed: no answer");
    else
        set_timer(dtls);
    return G_SOURCE_REMOVE;
}

static void handshake(struct dtls *dtls)
{
    int result = SSL_do_handshake(dtls->ssl);
    bool failed = result != 1 && SSL_get_error(dtls->ssl, result) != SSL_ERROR_WANT_READ;
    ERR_clear_error();
    if (failed || (result == 1 && !peer_is_right(dtls))) {
        set_closed(dtls, failed ? "encryption failed"
                                : "encryption failed: another certificate than in the SDP");
        return;
    }
    set_timer(dtls);
    if (result != 1)
        return;
    dtls->connected = true;
    dtls->ops->connected(dtls->user);
}

void dtls_start(struct dtls *dtls)
{
    if (!dtls->connected && !dtls->closed)
        handshake(dtls);
}

void dtls_input(struct dtls *dtls, const uint8_t *data, size_t bytes)
{
    uint8_t record[RECORD_BYTES];
    if (dtls->closed || bytes > RECORD_BYTES)
        return;
    BIO_write(dtls->in, data, (int)bytes);
    if (!dtls->connected)
        handshake(dtls);
    for (int got; dtls->connected && !dtls->closed &&
                  (got = SSL_read(dtls->ssl, record, sizeof record)) > 0;)
        dtls->ops->data(dtls->user, record, (size_t)got);
    ERR_clear_error();
    (void)BIO_reset(dtls->in);
    if (SSL_get_shutdown(dtls->ssl) & SSL_RECEIVED_SHUTDOWN)
        set_closed(dtls, "closed by the peer");
}

void dtls_send(struct dtls *dtls, const void *data, size_t bytes)
{
    if (dtls->connected && !dtls->closed)
        SSL_write(dtls->ssl, data, (int)bytes);
    ERR_clear_error();
}

bool dtls_srtp_keys(const struct dtls *dtls, struct srtpkeys *out)
{
    static const char label[] = "EXTRACTOR-dtls_srtp";
    uint8_t all[2 * SRTPKEYS_BYTES];
    const SRTP_PROTECTION_PROFILE *profile = SSL_get_selected_srtp_profile(dtls->ssl);
    if (!profile)
        return false;
    out->profile = (unsigned)profile->id;
    size_t key, salt;
    srtpkeys_sizes(out, &key, &salt);
    if (!key || SSL_export_keying_material(dtls->ssl, all, 2 * (key + salt), label,
                                           sizeof label - 1, NULL, 0, 0) != 1)
        return false;
    /* The client's key, the server's key, the client's salt, the server's salt. */
    uint8_t *client = SSL_is_server(dtls->ssl) ? out->remote : out->local;
    uint8_t *server = SSL_is_server(dtls->ssl) ? out->local : out->remote;
    memcpy(client, all, key);
    memcpy(server, all + key, key);
    memcpy(client + key, all + 2 * key, salt);
    memcpy(server + key, all + 2 * key + salt, salt);
    OPENSSL_cleanse(all, sizeof all);
    return true;
}
