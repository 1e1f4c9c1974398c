#include "fileformat.h"
#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

static const char *const names[] = {[FORMAT_EDGES] = "edges",
                                    [FORMAT_NCOL] = "ncol",
                                    [FORMAT_GRAPHML] = "graphml",
                                    [FORMAT_GML] = "gml",
                                    [FORMAT_PAJEK] = "pajek"};

enum file_format fileformat_find(const char *name)
{
    for (unsigned f = FORMAT_EDGES; f <= FORMAT_PAJEK; f++)
        if (!strcmp(name, names[f]))
            return f;
    return FORMAT_ANY;
}

const char *fileformat_names(void)
{
    return "edges, ncol, graphml, gml, pajek";
}

/* Whether one of the first 20 lines begins with the word, in any case. */
static bool has_line(const char *text, size_t bytes, const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0, lines = 0; i + n <= bytes && lines < 20; i++) {
        if (!strncasecmp(text + i, word, n) &&
            (i + n == bytes || !isalnum((unsigned char)text[i + n])))
            return true;
        while (i < bytes && text[i] != '\n')
            i++;
        lines++;
    }
    return false;
}

enum file_format fileformat_detect(const char *text, size_t bytes)
{
    size_t i = bytes >= 3 && !memcmp(text, "\xef\xbb\xbf", 3) ? 3 : 0;
    while (i < bytes && isspace((unsigned char)text[i]))
        i++;
    if (i < bytes && text[i] == '<')
        return FORMAT_GRAPHML;
    if (has_line(text, bytes, "*vertices"))
        return FORMAT_PAJEK;
    if (has_line(text, bytes, "graph [") || has_line(text, bytes, "graph["))
        return FORMAT_GML;
    if (has_line(text, bytes, "graph") && has_line(text + i, bytes - i, "["))
        return FORMAT_GML;
    return FORMAT_EDGES;
}
