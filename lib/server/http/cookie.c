#include "cookie.h"
#include "peer.h"
#include "request.h"
#include "site.h"
#include <ctype.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

enum { PREFIX_BYTES = 257, NAME_DIGITS = 8 };

static const char start[] = "shmcast-";

/* The Host that a cookie is bound to, and the user of a program on this machine. */
struct binding {
    char text[REQUEST_HOST_BYTES + 32];
};

static void bind_to(struct lws *wsi, struct binding *binding)
{
    char host[REQUEST_HOST_BYTES];
    request_header(wsi, WSI_TOKEN_HOST, host, sizeof host);
    for (char *at = host; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    snprintf(binding->text, sizeof binding->text, "shmcast cookie %s %" PRIu32, host,
             peer_user(lws_get_socket_fd(wsi)));
}

static void make_digest(const unsigned char token[TOKEN_DIGEST], const struct binding *binding,
                        unsigned char digest[COOKIE_DIGEST])
{
    HMAC(EVP_sha256(), token, TOKEN_DIGEST, (const unsigned char *)binding->text,
         strlen(binding->text), digest, NULL);
}

/* --- reading --- */

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The value of a cookie whose name begins like ours; NULL: it is another. */
static const char *value_of(const char *at, const char *end)
{
    const char *value = at + sizeof start - 1 + NAME_DIGITS + 1;
    return end - at == (ptrdiff_t)(sizeof start - 1 + NAME_DIGITS + 1 + 2 * COOKIE_DIGEST) &&
                   strncmp(at, start, sizeof start - 1) == 0 && value[-1] == '='
               ? value
               : NULL;
}

bool cookie_next(const char **text, unsigned char digest[COOKIE_DIGEST])
{
    const char *at = *text;
    while (*at) {
        at += strspn(at, "; ");
        const char *end = at + strcspn(at, ";"), *value = value_of(at, end);
        bool ours = value;
        for (size_t i = 0; ours && i < COOKIE_DIGEST; i++) {
            int high = hex(value[2 * i]), low = hex(value[2 * i + 1]);
            ours = high >= 0 && low >= 0;
            if (ours)
                digest[i] = (unsigned char)(high << 4 | low);
        }
        at = end;
        if (ours) {
            *text = at;
            return true;
        }
    }
    *text = at;
    return false;
}

/* The token whose cookie has this digest, or NULL. All are compared in full, so that the time
 * taken reveals nothing. */
static const struct token *find_token(const struct tokens *tokens, const struct binding *binding,
                                      const unsigned char digest[COOKIE_DIGEST])
{
    const struct token *found = NULL;
    for (size_t i = 0; i < tokens->count; i++) {
        unsigned char own[COOKIE_DIGEST];
        make_digest(tokens->list[i].digest, binding, own);
        if (CRYPTO_memcmp(own, digest, COOKIE_DIGEST) == 0)
            found = &tokens->list[i];
    }
    return found;
}

enum role cookie_role(const struct site *site, struct lws *wsi, unsigned char token[TOKEN_DIGEST])
{
    static char text[SITE_HEADER_BYTES + 1]; /* too large for a stack */
    struct binding binding = {""};
    unsigned char digest[COOKIE_DIGEST];
    enum role best = ROLE_NONE;
    for (int i = 0; lws_hdr_copy_fragment(wsi, text, sizeof text, WSI_TOKEN_HTTP_COOKIE, i) >= 0;
         i++)
        for (const char *at = text; cookie_next(&at, digest);) {
            if (!*binding.text)
                bind_to(wsi, &binding);
            const struct token *found = find_token(site->tokens, &binding, digest);
            if (!found || found->role <= best)
                continue;
            best = found->role;
            memcpy(token, found->digest, TOKEN_DIGEST);
        }
    return best;
}

/* --- making --- */

const char *cookie_path(char *prefix)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                "-._~/%@:+=!&$'()*";
    size_t bytes = strlen(prefix);
    if (*prefix != '/' || prefix[strspn(prefix, plain)])
        return "";
    while (bytes > 1 && prefix[bytes - 1] == '/')
        prefix[--bytes] = 0;
    return prefix;
}

static bool is_proxied(struct lws *wsi)
{
    char text[8];
    return lws_hdr_total_length(wsi, WSI_TOKEN_X_FORWARDED_FOR) > 0 ||
           lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_VIA) > 0 ||
           lws_hdr_custom_length(wsi, "forwarded:", 10) > 0 ||
           *request_named_header(wsi, "x-forwarded-proto:", text, sizeof text) ||
           peer_is_unix(lws_get_socket_fd(wsi));
}

/* "": the cookie is for the folder of the requested page, as the browser sees it. */
static const char *path_of(struct lws *wsi, char *prefix, int room)
{
    if (lws_hdr_custom_length(wsi, "x-forwarded-prefix:", 19) > 0) {
        request_named_header(wsi, "x-forwarded-prefix:", prefix, room);
        return cookie_path(prefix);
    }
    return is_proxied(wsi) ? "" : "/";
}

bool cookie_is_secure(const struct site *site, struct lws *wsi)
{
    char proto[16];
    return site->tls || strcmp(request_named_header(wsi, "x-forwarded-proto:", proto, sizeof proto),
                               "https") == 0;
}

/* In a frame of another site browsers use no other cookies than these. */
static bool is_framed(struct lws *wsi)
{
    char dest[16];
    request_named_header(wsi, "sec-fetch-dest:", dest, sizeof dest);
    return strcmp(dest, "iframe") == 0 || strcmp(dest, "frame") == 0;
}

void cookie_make(const struct site *site, struct lws *wsi, const unsigned char token[TOKEN_DIGEST],
                 char out[COOKIE_BYTES])
{
    struct binding binding = {""};
    unsigned char digest[COOKIE_DIGEST];
    char text[2 * COOKIE_DIGEST + 1], prefix[PREFIX_BYTES];
    bool secure = cookie_is_secure(site, wsi), framed = secure && is_framed(wsi);
    const char *path = path_of(wsi, prefix, sizeof prefix);
    bind_to(wsi, &binding);
    make_digest(token, &binding, digest);
    for (size_t i = 0; i < COOKIE_DIGEST; i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
    /* The name depends on the value, so that servers behind one proxy don't replace each other's.
     */
    snprintf(out, COOKIE_BYTES, "%s%.*s=%s%s%s; HttpOnly; SameSite=%s%s%s", start, NAME_DIGITS,
             text, text, *path ? "; Path=" : "", path, framed ? "None" : "Strict",
             secure ? "; Secure" : "", framed ? "; Partitioned" : "");
}
