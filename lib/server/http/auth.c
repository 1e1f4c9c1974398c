/*
 * The order of checks is Host, TLS, origin, token. Nothing before the token depends on the path, so
 * a client without a token learns nothing about it.
 */
#include "auth.h"
#include "cookie.h"
#include "cors.h"
#include "request.h"
#include "url.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { SITE_BYTES = 512, LOCATION_BYTES = 1024, EXTRA_BYTES = LOCATION_BYTES + 2 * SITE_BYTES };

static const char localhost[] = "localhost";

/* A request that is being checked, and the findings so far. */
struct check {
    const struct site *site;
    struct lws *wsi;
    struct credentials *credentials;
    struct refusal *refusal;
};

/* --- Host: against DNS rebinding, by which a foreign name leads to this machine --- */

/* Cuts off ":PORT", if any, and the brackets of IPv6. False: not a host. Every port is accepted:
 * tunnels and containers have ports of their own. */
static bool split_host(char *host, char **name, const char **port)
{
    char *colon = strrchr(host, ':'), *end = host + strlen(host);
    bool six = *host == '[';
    *port = "";
    if (colon && !(six && end[-1] == ']')) {
        size_t digits = strspn(colon + 1, "0123456789");
        if (digits < 1 || digits > 5 || colon[1 + digits])
            return false;
        *port = colon + 1;
        *colon = 0;
        end = colon;
    }
    if (six && (end < host + 2 || end[-1] != ']'))
        return false;
    if (six)
        end[-1] = 0;
    *name = host + six;
    return **name;
}

bool auth_host(const struct site *site, char *host)
{
    unsigned char address[sizeof(struct in6_addr)];
    char *name;
    const char *port;
    bool six = *host == '[';
    if (site->any_host)
        return true;
    if (!split_host(host, &name, &port))
        return false;
    if (six || inet_pton(AF_INET, name, address) == 1) /* addresses need no DNS */
        return !six || inet_pton(AF_INET6, name, address) == 1;
    bool known = strcasecmp(name, localhost) == 0;
    for (size_t i = 0; i < site->host_count; i++)
        known = known || strcasecmp(name, site->hosts[i]) == 0;
    return known;
}

static bool host_known(const struct check *check)
{
    char host[REQUEST_HOST_BYTES];
    int bytes = lws_hdr_total_length(check->wsi, WSI_TOKEN_HOST);
    /* Every browser sends one. */
    return bytes <= 0 || (*request_header(check->wsi, WSI_TOKEN_HOST, host, sizeof host) &&
                          auth_host(check->site, host));
}

/* --- the origin of the page that makes the request --- */

/* Whether pages of this origin, scheme://host[:port], have the rights of the server's own pages. */
static bool origin_allowed(const struct site *site, const char *origin)
{
    for (size_t i = 0; i < site->origin_count; i++)
        if (strcmp(origin, site->origins[i]) == 0)
            return true;
    return false;
}

/* Whether it is scheme://Host of this request. */
static bool is_own(struct lws *wsi, const char *origin)
{
    char host[REQUEST_HOST_BYTES];
    const char *site = strncmp(origin, "http://", 7) == 0    ? origin + 7
                       : strncmp(origin, "https://", 8) == 0 ? origin + 8
                                                             : NULL;
    return site && *request_header(wsi, WSI_TOKEN_HOST, host, sizeof host) &&
           strcmp(site, host) == 0;
}

/* Browsers send no Origin for an <img>, but may send a Referer: its origin. */
static const char *referring_site(struct lws *wsi, char *out, int room)
{
    request_header(wsi, WSI_TOKEN_HTTP_REFERER, out, room);
    char *host = strstr(out, "://");
    if (host)
        host[3 + strcspn(host + 3, "/?#")] = 0;
    return out;
}

/*
 * Whether a page of another site makes this request without permission. Old browsers send no
 * Sec-Fetch-* headers, nor do others that don't trust this server for lack of TLS. Navigation is
 * always allowed: the result is shown to the user, not to the page with the link, and not in its
 * frames either.
 */
static bool is_foreign(const struct check *check, bool cors)
{
    struct lws *wsi = check->wsi;
    char origin[SITE_BYTES], referrer[SITE_BYTES * 4], site[32], mode[32];
    bool any = lws_hdr_total_length(wsi, WSI_TOKEN_ORIGIN) > 0;
    request_header(wsi, WSI_TOKEN_ORIGIN, origin, sizeof origin);
    request_named_header(wsi, "sec-fetch-site:", site, sizeof site);
    request_named_header(wsi, "sec-fetch-mode:", mode, sizeof mode);
    bool own = any ? is_own(wsi, origin)
                   : !*site || strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0;
    const char *from = any ? origin : referring_site(wsi, referrer, sizeof referrer);
    bool allowed = !own && origin_allowed(check->site, from);
    check->credentials->shared = !own && (allowed || (cors && cors_find(check->site, from)));
    check->credentials->reads_only = check->credentials->shared && !allowed;
    return !own && !check->credentials->shared && (any || strcmp(mode, "navigate"));
}

/* --- tokens --- */

/* "Bearer TOKEN" */
static const char *bearer(struct lws *wsi, char *out, int room)
{
    static const char scheme[] = "bearer ";
    request_header(wsi, WSI_TOKEN_HTTP_AUTHORIZATION, out, room);
    if (strncasecmp(out, scheme, sizeof scheme - 1))
        return "";
    out += sizeof scheme - 1;
    return out + strspn(out, " ");
}

/* The role of "Basic", with a token as the password. Any other password is meant for a proxy. */
static enum role basic_role(const struct check *check, unsigned char digest[TOKEN_DIGEST])
{
    static const char scheme[] = "basic ";
    char text[SITE_BYTES], plain[SITE_BYTES];
    request_header(check->wsi, WSI_TOKEN_HTTP_AUTHORIZATION, text, sizeof text);
    if (strncasecmp(text, scheme, sizeof scheme - 1))
        return ROLE_NONE;
    int bytes = lws_b64_decode_string(text + sizeof scheme - 1, plain, sizeof plain);
    const char *colon = bytes > 0 ? memchr(plain, ':', (size_t)bytes) : NULL;
    if (!colon)
        return ROLE_NONE;
    token_digest(colon + 1, (size_t)(plain + bytes - colon - 1), digest);
    return tokens_role(check->site->tokens, digest);
}

static bool is_token(const char *argument)
{
    return strncmp(argument, "token=", 6) == 0;
}

/* The value of ?token=. lws has replaced each plus by a blank; tokens have no blanks. */
static const char *token_argument(struct lws *wsi, char *out, int room)
{
    for (int i = 0; request_argument(wsi, i, out, room); i++)
        if (is_token(out)) {
            for (char *at = out; (at = strchr(at, ' '));)
                *at = '+';
            return out + 6;
        }
    return out;
}

enum token_origin { FROM_NOWHERE, FROM_HEADER, FROM_ARGUMENT, FROM_COOKIE };

/* The most explicit credential wins, and the others are ignored. */
static enum token_origin find_role(const struct check *check)
{
    char text[LOCATION_BYTES];
    struct credentials *credentials = check->credentials;
    enum token_origin from = FROM_HEADER;
    const char *token = bearer(check->wsi, text, sizeof text);
    if (!*token) {
        from = FROM_ARGUMENT;
        token = token_argument(check->wsi, text, sizeof text);
    }
    if (!*token) {
        credentials->role = cookie_role(check->site, check->wsi, credentials->token);
        if (credentials->role)
            return FROM_COOKIE;
        credentials->role = basic_role(check, credentials->token);
        return credentials->role ? FROM_HEADER : FROM_NOWHERE;
    }
    token_digest(token, strlen(token), credentials->token);
    credentials->role = tokens_role(check->site->tokens, credentials->token);
    return from;
}

/* --- answers --- */

/* Header lines for a refusal, as response_text takes them. */
static struct {
    char text[EXTRA_BYTES];
    size_t bytes;
} extra;

static void extra_line(const char *name, const char *value)
{
    size_t n = strlen(name) + 1, v = strlen(value) + 1;
    memcpy(extra.text + extra.bytes, name, n);
    memcpy(extra.text + extra.bytes + n, value, v);
    extra.bytes += n + v;
    extra.text[extra.bytes] = 0;
}

/* The page's own address without its token, as a relative URL: whatever prefix a proxy has added to
 * the path stays. False: too long. */
static bool location(struct lws *wsi, const char *path, char *out)
{
    static char part[LOCATION_BYTES];
    const char *last = strrchr(path, '/') + 1;
    size_t room = LOCATION_BYTES - sizeof "./", used;
    if (3 * strlen(last) > room)
        return false;
    strcpy(out, "./");
    url_encode(last, out + 2);
    used = strlen(out);
    char mark = '?';
    for (int i = 0; request_argument(wsi, i, part, sizeof part); i++) {
        char *value = strchr(part, '=');
        if (is_token(part) || !lws_hdr_fragment_length(wsi, WSI_TOKEN_HTTP_URI_ARGS, i))
            continue;
        if (!*part || used + 3 * strlen(part) + 3 > room)
            return false;
        if (value)
            *value++ = 0;
        out[used++] = mark;
        mark = '&';
        url_encode(part, out + used);
        used += strlen(out + used);
        if (value) {
            out[used++] = '=';
            url_encode(value, out + used);
            used += strlen(out + used);
        }
    }
    out[used] = 0;
    return true;
}

static bool refuse(const struct check *check, unsigned status, const char *why)
{
    *check->refusal = (struct refusal){status, extra.bytes ? extra.text : NULL, why};
    return false;
}

static bool refuse_token(const struct check *check, enum token_origin from)
{
    char site[32];
    extra_line("www-authenticate:", from == FROM_NOWHERE
                                        ? "Bearer realm=\"shmcast\""
                                        : "Bearer realm=\"shmcast\", error=\"invalid_token\"");
    /* A browser that follows a link of another site sends no SameSite cookie; on a reload it does.
     */
    request_named_header(check->wsi, "sec-fetch-site:", site, sizeof site);
    if (from == FROM_NOWHERE && strcmp(site, "cross-site") == 0)
        extra_line("refresh:", "0");
    check->credentials->wrong = from != FROM_NOWHERE;
    return refuse(check, HTTP_STATUS_UNAUTHORIZED,
                  from == FROM_NOWHERE
                      ? "token required: append ?token=TOKEN to the page's address, or send "
                        "Authorization: Bearer TOKEN"
                      : "not a token of this server");
}

/* A token in the address of a page is moved to a cookie, so that it does not stay in the history
 * and in bookmarks. */
static bool admit_token(const struct check *check, const char *path, bool page)
{
    char to[LOCATION_BYTES], cookie[COOKIE_BYTES];
    enum token_origin from = find_role(check);
    if (!check->credentials->role)
        return refuse_token(check, from);
    if (from != FROM_ARGUMENT || !page)
        return true;
    if (!location(check->wsi, path, to))
        return refuse(check, 414, "the address is too long");
    extra_line("location:", to);
    cookie_make(check->site, check->wsi, check->credentials->token, cookie);
    extra_line("set-cookie:", cookie);
    return refuse(check, HTTP_STATUS_SEE_OTHER, "the token is in a cookie now");
}

/* Redirects plain HTTP where TLS is required. A token in the address is dropped: it has been sent
 * in the clear, and should not appear to work that way. */
static bool admit_tls(const struct check *check, const char *path)
{
    char to[LOCATION_BYTES + REQUEST_HOST_BYTES], host[REQUEST_HOST_BYTES];
    if (!check->site->tls || lws_is_ssl(check->wsi))
        return true;
    request_header(check->wsi, WSI_TOKEN_HOST, host, sizeof host);
    if (*host && 3 * strlen(path) < LOCATION_BYTES) {
        size_t used = (size_t)snprintf(to, sizeof to, "https://%s", host);
        for (const char *at = path; *at;) { /* each part between slashes */
            char part[LOCATION_BYTES];
            size_t bytes = strcspn(at + 1, "/");
            memcpy(part, at + 1, bytes);
            part[bytes] = 0;
            to[used++] = '/';
            url_encode(part, to + used);
            used += strlen(to + used);
            at += 1 + bytes;
        }
        extra_line("location:", to);
    }
    return refuse(check, 308, "use https");
}

static bool refuse_foreign(const struct check *check)
{
    return refuse(check, HTTP_STATUS_FORBIDDEN,
                  "requested by a page of another site; --origin allows more origins");
}

bool auth_admit(const struct site *site, struct lws *wsi, const char *path, unsigned kinds,
                struct credentials *credentials, struct refusal *refusal)
{
    const struct check check = {site, wsi, credentials, refusal};
    credentials->role = ROLE_NONE;
    credentials->shared = credentials->reads_only = credentials->wrong = false;
    extra.bytes = 0;
    if (lws_hdr_total_length(wsi, WSI_TOKEN_UPGRADE) > 0)
        extra_line("connection:", "close"); /* lws closes after a handshake that is refused */
    if (!host_known(&check))
        return refuse(&check, 421, "unknown name in the Host header; --host allows more names");
    if (!admit_tls(&check, path))
        return false;
    bool foreign = is_foreign(&check, kinds & AUTH_CORS);
    if (foreign && !(kinds & AUTH_CODE))
        return refuse_foreign(&check);
    if (!site->tokens) {
        credentials->role = ROLE_CONTROL;
    } else if (!admit_token(&check, path, kinds & AUTH_PAGE)) {
        if (foreign) { /* the answer is that of every other path */
            extra.bytes = 0;
            refuse_foreign(&check);
        }
        return false;
    }
    if (site->view_only || credentials->reads_only)
        credentials->role = ROLE_VIEW;
    return true;
}

bool auth_still_valid(const struct site *site, const struct credentials *credentials)
{
    if (!site->tokens)
        return true;
    enum role role = tokens_role(site->tokens, credentials->token);
    return role &&
           (site->view_only || credentials->reads_only ? ROLE_VIEW : role) == credentials->role;
}
