/*
 * Authorization: token files, Host headers, cookies and prefixes of any bytes, checked against
 * simpler versions of the same code. Input: t and a token file, h and a Host, c and a Cookie, or p
 * and a prefix.
 */
#include "fuzz.h"
#include "server/http/auth.h"
#include "server/http/cookie.h"
#include <ctype.h>
#include <strings.h>

enum { TEXT_MAX = 4096 };

/* Every pair of words in an accepted file gives its role, and nothing else does. */
static void check_tokens(const char *text, size_t bytes)
{
    struct tokens tokens;
    unsigned char digest[TOKEN_DIGEST];
    size_t line = 0, lines = 1, found = 0;
    const char *why = tokens_parse(&tokens, text, bytes, &line);
    for (size_t i = 0; i < bytes; i++)
        lines += text[i] == '\n';
    CHECK(line >= 1 && line <= lines + 1);
    CHECK((why != NULL) == (tokens.count == 0) && !why == !!tokens.list);
    if (why)
        return;
    char copy[TEXT_MAX + 1], *rest = copy, *one;
    strcpy(copy, text);
    bool whole = strlen(text) == bytes; /* comments may contain NUL */
    while (whole && (one = strsep(&rest, "\n"))) {
        char role[16], token[TOKEN_MAX + 2], more[2];
        if (sscanf(one, " %1[#]", role) == 1 || sscanf(one, "%15s", role) != 1)
            continue;
        CHECK(sscanf(one, "%15s %257s %1s", role, token, more) == 2);
        token_digest(token, strlen(token), digest);
        CHECK(tokens_role(&tokens, digest) == (strcmp(role, "view") ? ROLE_CONTROL : ROLE_VIEW));
        digest[found++ % TOKEN_DIGEST] ^= 1;
        CHECK(tokens_role(&tokens, digest) == ROLE_NONE);
    }
    CHECK(!whole || found == tokens.count);
    tokens_free(&tokens);
}

/* An accepted host is an address or a known name, with any port. */
static void check_host(const char *text)
{
    static const char *names[] = {"viz.example", "other"};
    struct site site = {.hosts = names, .host_count = 2};
    char copy[TEXT_MAX + 1];
    strcpy(copy, text);
    if (!auth_host(&site, copy))
        return;
    size_t bytes = strcspn(text, ":");
    if (strspn(text, "0123456789.:") == strlen(text))
        return;
    if (*text == '[') {
        CHECK(strspn(text, "[]0123456789abcdefABCDEF.:") == strlen(text));
        return;
    }
    CHECK((bytes == 9 && !strncasecmp(text, "localhost", 9)) ||
          (bytes == 11 && !strncasecmp(text, names[0], 11)) ||
          (bytes == 5 && !strncasecmp(text, names[1], 5)));
    CHECK(!text[bytes] ||
          (text[bytes + 1] && text[bytes + 1 + strspn(text + bytes + 1, "0123456789")] == 0));
}

/* Each cookie that is found is in the text, in order. */
static void check_cookies(const char *text)
{
    unsigned char digest[COOKIE_DIGEST];
    const char *at = text, *before = text;
    while (cookie_next(&at, digest)) {
        char want[2 + 2 * COOKIE_DIGEST] = "=";
        for (size_t i = 0; i < COOKIE_DIGEST; i++)
            sprintf(want + 1 + 2 * i, "%02x", digest[i]);
        CHECK(at > before && at <= text + strlen(text));
        CHECK((size_t)(at - before) >= strlen(want) + strlen("shmcast-01234567"));
        CHECK(!strncmp(at - strlen(want), want, strlen(want)) && (!*at || *at == ';'));
        CHECK(!strncmp(at - strlen(want) - 16, "shmcast-", 8));
        before = at;
    }
    CHECK(at == text + strlen(text));
}

/* A prefix can end neither the attribute nor the header line. */
static void check_prefix(const char *text)
{
    char copy[TEXT_MAX + 1];
    strcpy(copy, text);
    const char *path = cookie_path(copy);
    CHECK(!*path || *path == '/');
    CHECK(!strpbrk(path, ";, \r\n\t\"") && strncmp(path, text, strlen(path)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    char text[TEXT_MAX + 1];
    if (bytes < 1 || bytes > TEXT_MAX)
        return 0;
    memcpy(text, data + 1, bytes - 1);
    text[bytes - 1] = 0;
    switch (*data) {
    case 't':
        check_tokens(text, bytes - 1);
        break;
    case 'h':
        check_host(text);
        break;
    case 'c':
        check_cookies(text);
        break;
    case 'p':
        check_prefix(text);
        break;
    }
    return 0;
}
