#include "linkheader.h"
#include <stddef.h>
#include <string.h>
#include <strings.h>

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t");
}

/* Copies a value, a token or a quoted string. Returns what follows, or NULL: it has no end, or is
 * too long for out. */
static const char *read_value(const char *at, char *out, size_t size)
{
    size_t n = 0;
    bool quoted = *at == '"';
    for (at += quoted; *at && (quoted ? *at != '"' : !strchr("; \t,", *at)); at++) {
        if (quoted && *at == '\\' && at[1])
            at++;
        if (n + 1 < size)
            out[n] = *at;
        n++;
    }
    if ((quoted && *at != '"') || n >= size)
        return NULL;
    out[n] = 0;
    return at + quoted;
}

/* The place for a parameter's value, of *size. */
static char *place(struct linkheader *link, char rel[LINKHEADER_VALUE], char *waste,
                   const char *name, size_t bytes, size_t *size)
{
    const struct {
        const char *name;
        char *to;
        size_t size;
    } known[] = {
        {"rel", rel, LINKHEADER_VALUE},
        {"username", link->user, sizeof link->user},
        {"credential", link->credential, sizeof link->credential},
        {"credential-type", link->kind, sizeof link->kind},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strlen(known[i].name) == bytes && strncasecmp(known[i].name, name, bytes) == 0) {
            *size = known[i].size;
            return known[i].to;
        }
    *size = LINKHEADER_VALUE;
    return waste;
}

/* Reads a link. Returns what follows, or NULL: it is none. */
static const char *read_link(const char *at, struct linkheader *out, char rel[LINKHEADER_VALUE])
{
    char waste[LINKHEADER_VALUE];
    const char *end = *at == '<' ? at + 1 + strcspn(at + 1, "<> ,\"") : "";
    *out = (struct linkheader){.url = ""};
    *rel = 0;
    if (*end != '>' || (size_t)(end - at) > sizeof out->url)
        return NULL;
    memcpy(out->url, at + 1, (size_t)(end - at) - 1);
    for (at = skip_blanks(end + 1); *at == ';'; at = skip_blanks(at)) {
        at = skip_blanks(at + 1);
        size_t bytes = strcspn(at, "=;, \t\""), size;
        char *to = place(out, rel, waste, at, bytes, &size);
        at = skip_blanks(at + bytes);
        if (*at != '=')
            continue;
        at = read_value(skip_blanks(at + 1), to, size);
        if (!at)
            return NULL;
    }
    return *at && *at != ',' ? NULL : at;
}

/* The next comma outside quotes, or the end. */
static const char *skip_link(const char *at)
{
    bool quoted = false;
    for (; *at && (quoted || *at != ','); at++) {
        if (quoted && *at == '\\' && at[1])
            at++;
        else if (*at == '"')
            quoted = !quoted;
    }
    return at;
}

bool linkheader_next(const char **at, struct linkheader *out)
{
    char rel[LINKHEADER_VALUE];
    while (**at) {
        *at += strspn(*at, " \t,");
        const char *end = **at ? read_link(*at, out, rel) : NULL;
        *at = end ? end : skip_link(*at);
        if (end && strcasecmp(rel, "ice-server") == 0)
            return true;
    }
    return false;
}
