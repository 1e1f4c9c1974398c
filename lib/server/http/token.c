#include "token.h"
#include "secretfile.h"
#include "tool/cli.h"
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void token_digest(const char *text, size_t bytes, unsigned char digest[TOKEN_DIGEST])
{
    SHA256((const unsigned char *)text, bytes, digest);
}

/* All digests are compared in full, so that the time taken reveals nothing. */
enum role tokens_role(const struct tokens *tokens, const unsigned char digest[TOKEN_DIGEST])
{
    unsigned role = ROLE_NONE;
    for (size_t i = 0; i < tokens->count; i++) {
        unsigned equal = CRYPTO_memcmp(tokens->list[i].digest, digest, TOKEN_DIGEST) == 0;
        role |= tokens->list[i].role * equal; /* no two are the same */
    }
    return (enum role)role;
}

void tokens_free(struct tokens *tokens)
{
    free(tokens->list);
    *tokens = (struct tokens){NULL, 0};
}

/* Moves *at to the next word of the line; returns its length, 0 at the end. */
static size_t next_word(const char **at, const char *end)
{
    while (*at < end && (**at == ' ' || **at == '\t'))
        ++*at;
    const char *stop = *at;
    while (stop < end && *stop != ' ' && *stop != '\t')
        stop++;
    return (size_t)(stop - *at);
}

/* One line without its newline. NULL, or the problem. */
static const char *parse_line(struct tokens *tokens, const char *at, const char *end)
{
    static const char *const names[] = {[ROLE_VIEW] = "view", [ROLE_CONTROL] = "control"};
    struct token token = {.role = ROLE_VIEW};
    if (end > at && end[-1] == '\r')
        end--;
    size_t bytes = next_word(&at, end);
    if (!bytes || *at == '#')
        return NULL;
    while (token.role <= ROLE_CONTROL &&
           (strlen(names[token.role]) != bytes || memcmp(names[token.role], at, bytes)))
        token.role++;
    if (token.role > ROLE_CONTROL)
        return "not of the form 'view TOKEN' or 'control TOKEN'";
    at += bytes;
    bytes = next_word(&at, end);
    if (bytes < TOKEN_MIN || bytes > TOKEN_MAX)
        return "a token has 16 to 256 characters";
    for (size_t i = 0; i < bytes; i++)
        if (at[i] <= ' ' || at[i] > '~')
            return "a token has printable ASCII characters only";
    token_digest(at, bytes, token.digest);
    at += bytes;
    if (next_word(&at, end))
        return "unexpected text after the token";
    if (tokens_role(tokens, token.digest))
        return "duplicate token";
    struct token *list = reallocarray(tokens->list, tokens->count + 1, sizeof *list);
    if (!list)
        return "no memory";
    tokens->list = list;
    list[tokens->count++] = token;
    return NULL;
}

const char *tokens_parse(struct tokens *tokens, const char *text, size_t bytes, size_t *line)
{
    const char *at = text, *end = text + bytes, *why = NULL;
    *tokens = (struct tokens){NULL, 0};
    for (*line = 1; at < end; ++*line) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop)
            stop = end;
        why = parse_line(tokens, at, stop);
        at = stop + 1;
        if (why)
            break;
    }
    if (!why && !tokens->count)
        why = "the file has no tokens";
    if (why)
        tokens_free(tokens);
    return why;
}

int tokens_load(struct tokens *tokens, const char *path, char *problem, size_t size)
{
    size_t bytes, line;
    char *text = secretfile_read(path, &bytes, problem, size);
    if (!text)
        return CLI_FAIL;
    const char *why = tokens_parse(tokens, text, bytes, &line);
    OPENSSL_cleanse(text, bytes);
    free(text);
    if (why)
        snprintf(problem, size, "%s:%zu: %s", path, line, why);
    return why ? CLI_USAGE : 0;
}
