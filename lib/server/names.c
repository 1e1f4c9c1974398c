#include "names.h"
#include "stream.h"
#include "stream/served.h"
#include "tool/cli.h"
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* The index of a name in names, to which it is added if it is new. */
static size_t add_name(struct names *names, const char *text, size_t bytes)
{
    char name[NAME_MAX + 1] = "";
    size_t i = 0;
    if (bytes <= NAME_MAX)
        memcpy(name, text, bytes);
    if (!stream_name(name))
        cli_die(CLI_USAGE, "--ladder %s: must be names of streams, separated by commas", text);
    while (i < names->count && strcmp(names->list[i], stream_name(name)))
        i++;
    if (i == names->count && !(names->list[names->count++] = strdup(stream_name(name))))
        cli_die(CLI_FAIL, "%s", strerror(errno));
    return i;
}

static void read_ladder(struct names *names, const char *ladder)
{
    size_t upper = NAMES_NO_RUNG, rungs = 0;
    for (const char *at = ladder; at; rungs++) {
        size_t bytes = strcspn(at, ","), rung = add_name(names, at, bytes);
        if (names->rung[rung])
            cli_die(CLI_USAGE, "--ladder: %s is named twice", names->list[rung]);
        names->rung[rung] = true;
        if (upper != NAMES_NO_RUNG)
            names->lower[upper] = rung;
        upper = rung;
        at = at[bytes] ? at + bytes + 1 : NULL;
    }
    if (rungs < 2 || rungs > LADDER_RUNGS)
        cli_die(CLI_USAGE, "--ladder %s: must have 2 to %d streams", ladder, LADDER_RUNGS);
}

static void allocate(struct names *names, size_t room)
{
    *names = (struct names){.list = calloc(room, sizeof *names->list),
                            .lower = calloc(room, sizeof *names->lower),
                            .rung = calloc(room, sizeof *names->rung)};
    if (!names->list || !names->lower || !names->rung)
        cli_die(CLI_FAIL, "%s", strerror(errno));
    for (size_t i = 0; i < room; i++)
        names->lower[i] = NAMES_NO_RUNG;
}

void names_read(struct names *names, char **words, size_t word_count, const char **ladders,
                size_t ladder_count)
{
    size_t room = word_count;
    for (size_t i = 0; i < ladder_count; i++)
        room += 1 + strlen(ladders[i]); /* more than it has streams */
    if (!room) {
        cli_warn("no stream named");
        cli_option('?');
    }
    allocate(names, room);
    for (size_t i = 0; i < word_count; i++) {
        if (!stream_name(words[i]))
            cli_die_stream(words[i], EINVAL);
        names->list[i] = words[i] + (*words[i] == '/');
        for (size_t j = 0; j < i; j++)
            if (strcmp(names->list[i], names->list[j]) == 0)
                cli_die(CLI_USAGE, "%s: named twice", names->list[i]);
    }
    names->named = names->count = word_count;
    for (size_t i = 0; i < ladder_count; i++)
        add_name(names, ladders[i], strcspn(ladders[i], ","));
    names->listed = names->count;
    for (size_t i = 0; i < ladder_count; i++)
        read_ladder(names, ladders[i]);
}

void names_free(struct names *names)
{
    for (size_t i = names->named; i < names->count; i++)
        free(names->list[i]);
    free(names->list);
    free(names->lower);
    free(names->rung);
}

void names_link(const struct names *names, struct streams *streams)
{
    streams->listed = names->listed;
    for (size_t i = 0; i < names->count; i++)
        if (names->lower[i] != NAMES_NO_RUNG) {
            streams->list[i].lower = &streams->list[names->lower[i]];
            streams->list[names->lower[i]].upper = &streams->list[i];
        }
}
