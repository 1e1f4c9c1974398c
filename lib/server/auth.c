/*
 * Who may do what: every request and every handshake comes through here first.
 *
 * The order is Host, TLS, origin, token; nothing before the token depends on what there is behind
 * a path, so who has none learns nothing.
 */
#include "auth.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    SITE_BYTES = 512,
    LOCATION_BYTES = 1024,
    EXTRA_BYTES = LOCATION_BYTES + 2 * SITE_BYTES,
    POLICY_BYTES = 1024
};

static const char localhost[] = "localhost";

/* http_header for one that lws has no number for; name in small letters and with its colon. */
static const char *header_named(struct lws *wsi, const char *name, char *out, int room)
{
    if (lws_hdr_custom_copy(wsi, out, room, name, (int)strlen(name)) < 0)
        *out = 0;
    return out;
}

/* --- Host: against names that lead to this machine by somebody else's DNS --- */

/* Cuts off ":PORT", if any, and the brackets of IPv6. False: not a host. Any port will do: tunnels
 * and containers have others than ours. */
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

bool access_host(const struct server *server, char *host)
{
    unsigned char address[sizeof(struct in6_addr)];
    char *name;
    const char *port;
    bool six = *host == '[';
    if (server->any_host)
        return true;
    if (!split_host(host, &name, &port))
        return false;
    if (six || inet_pton(AF_INET, name, address) == 1) /* nobody's DNS is asked for a number */
        return !six || inet_pton(AF_INET6, name, address) == 1;
    bool known = strcasecmp(name, localhost) == 0;
    for (size_t i = 0; i < server->host_count; i++)
        known = known || strcasecmp(name, server->hosts[i]) == 0;
    return known;
}

static bool host_known(struct conn *conn)
{
    char host[SITE_BYTES];
    int bytes = lws_hdr_total_length(conn->wsi, WSI_TOKEN_HOST);
    /* Every browser sends one. */
    return bytes <= 0 || (*http_header(conn->wsi, WSI_TOKEN_HOST, host, sizeof host) &&
                          access_host(conn->server, host));
}

/* --- where the page comes from that asks --- */

bool access_origin_allowed(const struct server *server, const char *origin)
{
    for (size_t i = 0; i < server->origin_count; i++)
        if (strcmp(origin, server->origins[i]) == 0)
            return true;
    return false;
}

/* Is it scheme://Host of this request? */
static bool is_own(struct lws *wsi, const char *origin)
{
    char host[SITE_BYTES];
    const char *site = strncmp(origin, "http://", 7) == 0    ? origin + 7
                       : strncmp(origin, "https://", 8) == 0 ? origin + 8
                                                             : NULL;
    return site && *http_header(wsi, WSI_TOKEN_HOST, host, sizeof host) && strcmp(site, host) == 0;
}

/* Browsers say no Origin with an <img>, but may say Referer: cut down to an origin. */
static const char *referring_site(struct lws *wsi, char *out, int room)
{
    http_header(wsi, WSI_TOKEN_HTTP_REFERER, out, room);
    char *host = strstr(out, "://");
    if (host)
        host[3 + strcspn(host + 3, "/?#")] = 0;
    return out;
}

/*
 * A page of another site that isn't allowed to? Old browsers, and others to whom this server isn't
 * trustworthy for want of TLS, send no Sec-Fetch-*. Following a link is everybody's right: what
 * comes is shown to the user and not to the page with the link, and not in its frames either.
 */
static bool is_foreign(struct conn *conn)
{
    struct lws *wsi = conn->wsi;
    char origin[SITE_BYTES], referrer[SITE_BYTES * 4], site[32], mode[32];
    bool any = lws_hdr_total_length(wsi, WSI_TOKEN_ORIGIN) > 0;
    http_header(wsi, WSI_TOKEN_ORIGIN, origin, sizeof origin);
    header_named(wsi, "sec-fetch-site:", site, sizeof site);
    header_named(wsi, "sec-fetch-mode:", mode, sizeof mode);
    bool own = any ? is_own(wsi, origin)
                   : !*site || strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0;
    const char *from = any ? origin : referring_site(wsi, referrer, sizeof referrer);
    bool allowed = !own && access_origin_allowed(conn->server, from);
    conn->shared = !own && (allowed || (conn->has_cors && cors_find(conn->server, from)));
    conn->reads_only = conn->shared && !allowed;
    return !own && !conn->shared && (any || strcmp(mode, "navigate"));
}

/* --- tokens --- */

/* Cookies are the same for all ports of a host, so the port is in the name; the port that the
 * browser sees. */
static const char *cookie_name(struct lws *wsi)
{
    static char out[32];
    char host[SITE_BYTES], *name;
    const char *port = "";
    http_header(wsi, WSI_TOKEN_HOST, host, sizeof host);
    bool any = split_host(host, &name, &port) && *port;
    snprintf(out, sizeof out, "shmcast%s%s", any ? "-" : "", any ? port : "");
    return out;
}

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool access_cookie(const char **text, const char *name, unsigned char digest[TOKEN_DIGEST])
{
    size_t bytes = strlen(name);
    const char *at = *text;
    while (*at) {
        at += strspn(at, "; ");
        const char *value = at + bytes + 1, *end = at + strcspn(at, ";");
        bool ours =
            strncmp(at, name, bytes) == 0 && at[bytes] == '=' && end - value == 2 * TOKEN_DIGEST;
        for (size_t i = 0; ours && i < TOKEN_DIGEST; i++) {
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

/* Several of the name may come, when a page at another port of this host has set one: the best. */
static enum role cookie_role(struct conn *conn, unsigned char digest[TOKEN_DIGEST])
{
    static char text[HEADER_BYTES + 1]; /* of the one thread, as everything here */
    const char *name = cookie_name(conn->wsi);
    unsigned char one[TOKEN_DIGEST];
    enum role best = ROLE_NONE;
    for (int i = 0;
         lws_hdr_copy_fragment(conn->wsi, text, sizeof text, WSI_TOKEN_HTTP_COOKIE, i) >= 0; i++)
        for (const char *at = text; access_cookie(&at, name, one);) {
            enum role role = tokens_role(conn->server->tokens, one);
            if (role > best) {
                best = role;
                memcpy(digest, one, TOKEN_DIGEST);
            }
        }
    return best;
}

/* "Bearer TOKEN"; other schemes are a proxy's. */
static const char *bearer(struct lws *wsi, char *out, int room)
{
    static const char scheme[] = "bearer ";
    http_header(wsi, WSI_TOKEN_HTTP_AUTHORIZATION, out, room);
    if (strncasecmp(out, scheme, sizeof scheme - 1))
        return "";
    out += sizeof scheme - 1;
    return out + strspn(out, " ");
}

static bool is_token(const char *argument)
{
    return strncmp(argument, "token=", 6) == 0;
}

/* The i-th of what is behind the question mark; "" when it is too long. False: no more. */
static bool argument(struct lws *wsi, int i, char *out, int room)
{
    if (lws_hdr_copy_fragment(wsi, out, room, WSI_TOKEN_HTTP_URI_ARGS, i) >= 0)
        return true;
    *out = 0;
    return lws_hdr_fragment_length(wsi, WSI_TOKEN_HTTP_URI_ARGS, i) > 0;
}

/* The value of ?token=, where lws has made a blank of every plus: no token has blanks. */
static const char *token_argument(struct lws *wsi, char *out, int room)
{
    for (int i = 0; argument(wsi, i, out, room); i++)
        if (is_token(out)) {
            for (char *at = out; (at = strchr(at, ' '));)
                *at = '+';
            return out + 6;
        }
    return out;
}

enum source_of_token { FROM_NOWHERE, FROM_HEADER, FROM_ARGUMENT, FROM_COOKIE };

/* What is said most expressly counts, and nothing else then. */
static enum source_of_token find_role(struct conn *conn)
{
    char text[LOCATION_BYTES];
    enum source_of_token from = FROM_HEADER;
    const char *token = bearer(conn->wsi, text, sizeof text);
    if (!*token) {
        from = FROM_ARGUMENT;
        token = token_argument(conn->wsi, text, sizeof text);
    }
    if (!*token) {
        conn->role = cookie_role(conn, conn->token);
        return conn->role ? FROM_COOKIE : FROM_NOWHERE;
    }
    token_digest(token, strlen(token), conn->token);
    conn->role = tokens_role(conn->server->tokens, conn->token);
    return from;
}

/* --- answers --- */

/* Header lines for a refusal, as http_text takes them. */
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

/*
 * The page's own address without its token, relative to itself: whatever a proxy has put before the
 * path stays. False: too long.
 */
static bool location(struct lws *wsi, const char *path, char *out)
{
    static char part[LOCATION_BYTES];
    const char *last = strrchr(path, '/') + 1;
    size_t room = LOCATION_BYTES - sizeof "./", used;
    if (3 * strlen(last) > room)
        return false;
    strcpy(out, "./");
    page_encode(last, out + 2);
    used = strlen(out);
    char mark = '?';
    for (int i = 0; argument(wsi, i, part, sizeof part); i++) {
        char *value = strchr(part, '=');
        if (is_token(part) || !lws_hdr_fragment_length(wsi, WSI_TOKEN_HTTP_URI_ARGS, i))
            continue;
        if (!*part || used + 3 * strlen(part) + 3 > room)
            return false;
        if (value)
            *value++ = 0;
        out[used++] = mark;
        mark = '&';
        page_encode(part, out + used);
        used += strlen(out + used);
        if (value) {
            out[used++] = '=';
            page_encode(value, out + used);
            used += strlen(out + used);
        }
    }
    out[used] = 0;
    return true;
}

static void set_cookie(struct conn *conn)
{
    char line[256], proto[16];
    int n = snprintf(line, sizeof line, "%s=", cookie_name(conn->wsi));
    for (size_t i = 0; i < TOKEN_DIGEST; i++)
        n += snprintf(line + n, sizeof line - (size_t)n, "%02x", conn->token[i]);
    bool secure =
        conn->server->tls ||
        strcmp(header_named(conn->wsi, "x-forwarded-proto:", proto, sizeof proto), "https") == 0;
    snprintf(line + n, sizeof line - (size_t)n, "; Path=/; HttpOnly; SameSite=Strict%s",
             secure ? "; Secure" : "");
    extra_line("set-cookie:", line);
}

static bool refuse(struct refusal *refusal, unsigned status, const char *why)
{
    *refusal = (struct refusal){status, extra.bytes ? extra.text : NULL, why};
    return false;
}

static bool refuse_token(struct conn *conn, struct refusal *refusal, enum source_of_token from)
{
    char site[32];
    extra_line("www-authenticate:", from == FROM_NOWHERE
                                        ? "Bearer realm=\"shmcast\""
                                        : "Bearer realm=\"shmcast\", error=\"invalid_token\"");
    /* Who follows a link of another site brings no cookie; asking once more, by itself, does. */
    header_named(conn->wsi, "sec-fetch-site:", site, sizeof site);
    if (from == FROM_NOWHERE && strcmp(site, "cross-site") == 0)
        extra_line("refresh:", "0");
    return refuse(refusal, HTTP_STATUS_UNAUTHORIZED,
                  from == FROM_NOWHERE
                      ? "a token is due: open the page with ?token=TOKEN behind its address, or "
                        "send Authorization: Bearer TOKEN"
                      : "not a token of this server");
}

/* A token in the address of a page becomes a cookie; it would stand in the history, and in every
 * bookmark. */
static bool admit_token(struct conn *conn, const char *path, bool page, struct refusal *refusal)
{
    char to[LOCATION_BYTES];
    enum source_of_token from = find_role(conn);
    if (!conn->role)
        return refuse_token(conn, refusal, from);
    if (from != FROM_ARGUMENT || !page)
        return true;
    if (!location(conn->wsi, path, to))
        return refuse(refusal, 414, "too long");
    extra_line("location:", to);
    set_cookie(conn);
    return refuse(refusal, HTTP_STATUS_SEE_OTHER, "the token is in a cookie now");
}

/* Plain HTTP where TLS is due. A token that came this way is not handed on: it should work no more
 * than once, in the clear. */
static bool admit_tls(struct conn *conn, const char *path, struct refusal *refusal)
{
    char to[LOCATION_BYTES + SITE_BYTES], host[SITE_BYTES];
    if (!conn->server->tls || lws_is_ssl(conn->wsi))
        return true;
    http_header(conn->wsi, WSI_TOKEN_HOST, host, sizeof host);
    if (*host && 3 * strlen(path) < LOCATION_BYTES) {
        size_t used = (size_t)snprintf(to, sizeof to, "https://%s", host);
        for (const char *at = path; *at;) { /* each part between slashes */
            char part[LOCATION_BYTES];
            size_t bytes = strcspn(at + 1, "/");
            memcpy(part, at + 1, bytes);
            part[bytes] = 0;
            to[used++] = '/';
            page_encode(part, to + used);
            used += strlen(to + used);
            at += 1 + bytes;
        }
        extra_line("location:", to);
    }
    return refuse(refusal, 308, "https is spoken here");
}

bool access_admit(struct conn *conn, const char *path, bool page, struct refusal *refusal)
{
    struct server *server = conn->server;
    conn->role = ROLE_NONE;
    conn->shared = conn->reads_only = false;
    extra.bytes = 0;
    if (lws_hdr_total_length(conn->wsi, WSI_TOKEN_UPGRADE) > 0)
        extra_line("connection:", "close"); /* lws does, behind a handshake that isn't taken */
    if (!host_known(conn))
        return refuse(refusal, 421,
                      "the Host of this request is no name of this server that it knows; "
                      "--host allows more");
    if (!admit_tls(conn, path, refusal))
        return false;
    if (is_foreign(conn))
        return refuse(refusal, HTTP_STATUS_FORBIDDEN,
                      "a page of another site; --origin allows more than its own");
    if (!server->tokens)
        conn->role = ROLE_CONTROL;
    else if (!admit_token(conn, path, page, refusal))
        return false;
    if (server->view_only || conn->reads_only)
        conn->role = ROLE_VIEW;
    return true;
}

bool access_still(const struct conn *conn)
{
    const struct server *server = conn->server;
    if (!server->tokens)
        return true;
    enum role role = tokens_role(server->tokens, conn->token);
    return role && (server->view_only || conn->reads_only ? ROLE_VIEW : role) == conn->role;
}

/* What pages may do, and in whose frames they may be. One of --www may need other things than ours
 * does, and has a policy of its own if it wants. */
static char *make_policy(const struct server *server, const char *text)
{
    char *out = NULL;
    size_t bytes;
    FILE *to = open_memstream(&out, &bytes);
    if (!to)
        return NULL;
    fprintf(to, "content-security-policy:%c%sframe-ancestors 'self'", 0, text);
    for (size_t i = 0; i < server->origin_count; i++)
        if (strcmp(server->origins[i], "null"))
            fprintf(to, " %s", server->origins[i]);
    fwrite("\0", 1, 2, to);
    if (fclose(to) || bytes > POLICY_BYTES) {
        free(out);
        return NULL;
    }
    return out;
}

int access_policies(struct server *server)
{
    server->policy[false] =
        make_policy(server, "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; "
                            "base-uri 'none'; form-action 'none'; ");
    server->policy[true] = make_policy(server, "");
    return server->policy[false] && server->policy[true] ? 0 : -1;
}
