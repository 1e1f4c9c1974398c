#include "ice.h"
#include "server/http/linkheader.h"
#include "tool/cli.h"
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { URL_BYTES = 512, PORT = 3478, TLS_PORT = 5349, LINKED = 8 };

/* The parts of a URL; user and password are percent-decoded. */
struct url {
    char scheme[8], user[URL_BYTES], password[URL_BYTES];
    char host[URL_BYTES];  /* with its port, if it has one */
    const char *transport; /* "", "udp" or "tcp" */
};

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* True for a character that needs no escaping in an HTTP header, a JSON string or a URL. */
static bool is_plain(char c)
{
    return c > ' ' && c < 127 && !strchr("\"\\<>^`{|}", c);
}

static bool decode(const char *from, size_t bytes, char *out)
{
    for (const char *end = from + bytes; from < end; from++) {
        int c = *from;
        if (c == '%') {
            if (end - from < 3 || hex(from[1]) < 0 || hex(from[2]) < 0)
                return false;
            c = hex(from[1]) << 4 | hex(from[2]);
            from += 2;
        }
        if (c > 126 || !is_plain((char)c))
            return false;
        *out++ = (char)c;
    }
    *out = 0;
    return true;
}

/* HOST[:PORT]: a name, an IPv4 address, or an IPv6 address in brackets. */
static bool is_host(const char *text)
{
    static const char name[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._";
    size_t length = *text == '[' ? strcspn(text, "]") + 1 : strspn(text, name);
    if (length < 1 || length > strlen(text))
        return false;
    if (*text == '[' && strspn(text + 1, "0123456789abcdefABCDEF:.") != length - 2)
        return false;
    if (!text[length])
        return true;
    size_t digits = strspn(text + length + 1, "0123456789");
    return text[length] == ':' && digits >= 1 && digits <= 5 && !text[length + 1 + digits] &&
           atoi(text + length + 1) >= 1 && atoi(text + length + 1) <= 65535;
}

static bool url_split(const char *text, struct url *url)
{
    size_t scheme = strcspn(text, ":");
    *url = (struct url){.transport = ""};
    if (strlen(text) >= URL_BYTES || !text[scheme] || scheme >= sizeof url->scheme)
        return false;
    memcpy(url->scheme, text, scheme);
    text += scheme + 1;
    text += 2 * (strncmp(text, "//", 2) == 0);
    const char *at = strrchr(text, '@'),
               *colon = at ? memchr(text, ':', (size_t)(at - text)) : NULL;
    if (at && (!colon || !decode(text, (size_t)(colon - text), url->user) ||
               !decode(colon + 1, (size_t)(at - colon - 1), url->password)))
        return false;
    text = at ? at + 1 : text;
    size_t host = strcspn(text, "?");
    memcpy(url->host, text, host);
    url->transport = strcmp(text + host, "?transport=udp") == 0   ? "udp"
                     : strcmp(text + host, "?transport=tcp") == 0 ? "tcp"
                                                                  : "";
    return (!text[host] || *url->transport) && is_host(url->host);
}

/* Adds a Link header line. */
static void add_link(struct ice *ice, const char *line)
{
    size_t at = 0;
    while (ice->links[at])
        at += strlen(ice->links + at) + 1;
    strcpy(ice->links + at, "link:");
    strcpy(ice->links + at + sizeof "link:", line);
    ice->links[at + sizeof "link:" + strlen(line) + 1] = 0;
}

static char *copy(const char *text, size_t bytes)
{
    char *made = strndup(text, bytes);
    if (!made)
        cli_die(CLI_FAIL, "%s", strerror(errno));
    return made;
}

/* The kind of a TURN server. */
static enum iceserver_kind turn_kind(const struct url *url)
{
    return !strcmp(url->scheme, "turns")    ? ICESERVER_TURN_TLS
           : !strcmp(url->transport, "tcp") ? ICESERVER_TURN_TCP
                                            : ICESERVER_TURN_UDP;
}

/* Adds to a list that ends with a server without a host. */
static void add_server(struct iceserver *server, enum iceserver_kind kind, const struct url *url)
{
    const char *host = url->host;
    size_t bytes = *host == '[' ? strcspn(++host, "]") : strcspn(host, ":");
    const char *port = strchr(host + bytes, ':');
    while (server->host)
        server++;
    *server = (struct iceserver){.kind = kind,
                                 .host = copy(host, bytes),
                                 .port = port                         ? atoi(port + 1)
                                         : kind == ICESERVER_TURN_TLS ? TLS_PORT
                                                                      : PORT,
                                 .user = copy(url->user, URL_BYTES),
                                 .password = copy(url->password, URL_BYTES)};
}

static void read_stun(struct ice *ice, FILE *json, const char *text)
{
    struct url url;
    char line[URL_BYTES + 64];
    if (!url_split(text, &url) || strcmp(url.scheme, "stun") || *url.user || *url.transport)
        cli_die(CLI_USAGE, "--stun %s: not a STUN URL; use stun://HOST:PORT", text);
    add_server(ice->servers, ICESERVER_STUN, &url);
    fprintf(json, "{\"urls\":\"stun:%s\"}", url.host);
    snprintf(line, sizeof line, "<stun:%s>; rel=\"ice-server\"", url.host);
    add_link(ice, line);
}

static void read_turn(struct ice *ice, FILE *json, const char *text)
{
    struct url url;
    char line[ICE_LINES / 2];
    if (!url_split(text, &url) || (strcmp(url.scheme, "turn") && strcmp(url.scheme, "turns")) ||
        !*url.user || !*url.password)
        cli_die(CLI_USAGE,
                "--turn: not a TURN URL; use turn://USER:PASSWORD@HOST:PORT?transport=udp");
    const char *mark = *url.transport ? "?transport=" : "";
    int bytes = snprintf(line, sizeof line,
                         "<%s:%s%s%s>; rel=\"ice-server\"; username=\"%s\"; credential=\"%s\"; "
                         "credential-type=\"password\"",
                         url.scheme, url.host, mark, url.transport, url.user, url.password);
    if (bytes >= (int)sizeof line)
        cli_die(CLI_USAGE, "--turn: the URL is too long");
    bool more = ice->servers[0].host;
    add_server(ice->servers, turn_kind(&url), &url);
    fprintf(json, "%s{\"urls\":\"%s:%s%s%s\",\"username\":\"%s\",\"credential\":\"%s\"}",
            more ? "," : "", url.scheme, url.host, mark, url.transport, url.user, url.password);
    add_link(ice, line);
}

void ice_read(struct ice *ice, const char *stun, const char *turn)
{
    size_t bytes;
    *ice = (struct ice){0};
    FILE *json = open_memstream(&ice->json, &bytes);
    if (!json || putc('[', json) == EOF)
        cli_die(CLI_FAIL, "%s", strerror(errno));
    if (stun)
        read_stun(ice, json, stun);
    if (turn)
        read_turn(ice, json, turn);
    putc(']', json);
    if (fclose(json))
        cli_die(CLI_FAIL, "%s", strerror(errno));
}

static void free_servers(struct iceserver *server)
{
    for (; server->host; server++) {
        free(server->host);
        free(server->user);
        free(server->password);
    }
}

void ice_free(struct ice *ice)
{
    free_servers(ice->servers);
    free(ice->json);
}

/* Whether a link is that of a server that libnice can use. */
static bool read_link(const struct linkheader *link, struct url *url)
{
    bool password = !*link->kind || !strcmp(link->kind, "password");
    if (!url_split(link->url, url) || *url->user)
        return false;
    strcpy(url->user, link->user);
    strcpy(url->password, link->credential);
    if (!strcmp(url->scheme, "stun"))
        return !*url->transport;
    return (!strcmp(url->scheme, "turn") || !strcmp(url->scheme, "turns")) && password &&
           *url->user && *url->password;
}

struct iceserver *iceservers_read(const char *links)
{
    struct linkheader link;
    struct url url;
    struct iceserver *list = calloc(LINKED + 1, sizeof *list);
    for (int count = 0; list && count < LINKED && linkheader_next(&links, &link);) {
        if (!read_link(&link, &url))
            continue;
        add_server(list, strcmp(url.scheme, "stun") ? turn_kind(&url) : ICESERVER_STUN, &url);
        count++;
    }
    if (list && list->host)
        return list;
    free(list);
    return NULL;
}

void iceservers_free(struct iceserver *servers)
{
    if (servers)
        free_servers(servers);
    free(servers);
}
