/* The token file: the role that each token gives. Tokens themselves are not kept, only digests. */
#ifndef SERVER_TOKEN_H
#define SERVER_TOKEN_H

#include <stddef.h>
#include "server/stream/control.h"

enum { TOKEN_DIGEST = 32 /* bytes */, TOKEN_MIN = 16, TOKEN_MAX = 256 };

struct token {
    unsigned char digest[TOKEN_DIGEST];
    enum role role;
};

struct tokens {
    struct token *list;
    size_t count;
};

/* Reads the file. 0; or an exit code, with a message in problem, and *tokens is empty. */
int tokens_load(struct tokens *tokens, const char *path, char *problem, size_t size);

/* Parses the contents of such a file. NULL; or the problem, with its *line, and *tokens is empty.
 */
const char *tokens_parse(struct tokens *tokens, const char *text, size_t bytes, size_t *line);
void tokens_free(struct tokens *tokens);
void token_digest(const char *text, size_t bytes, unsigned char digest[TOKEN_DIGEST]);

/* ROLE_NONE: no such token. Takes the same time in either case. */
enum role tokens_role(const struct tokens *tokens, const unsigned char digest[TOKEN_DIGEST]);

#endif
