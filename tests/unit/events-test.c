/*
 * events-test text|json SEED COUNT: prints random valid events, one per line. Each one is first
 * read back and must give the same event and the same line.
 * events-test junk SEED COUNT: lines with random damage. Those that are accepted must pass the same
 * check.
 * Exit: 0; 1 with the failure on stdout.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "eventtext.h"
#include "net/netevents.h"
#include "support/random.h"

/* A float of the range: random bits, a fraction as a browser sends it, or a round number. */
static float random_float(float low, float high)
{
    for (;;) {
        uint32_t bits = (uint32_t)random_bits();
        float x;
        memcpy(&x, &bits, sizeof x);
        switch (below(4)) {
        case 0:
            x = (float)below(2001) / (float)(1 + below(2000));
            break;
        case 1:
            x = low + (high - low) * (float)below(1 << 24) / (float)(1 << 24);
            break;
        case 2:
            x = (float)below(200) / 10;
            break;
        }
        if (x >= low && x <= high)
            return x + 0.0f;
    }
}

static void random_key(char key[EVENT_KEY_MAX + 1], size_t most)
{
    static const char *const some[] = {"a",
                                       "%",
                                       " ",
                                       "\"",
                                       "\\",
                                       "=",
                                       "#",
                                       "é",
                                       "€",
                                       "😀",
                                       "Enter",
                                       "\xc2\x80",
                                       "\xf4\x8f\xbf\xbf",
                                       "\xee\x80\x80",
                                       "'",
                                       "%20"};
    key[0] = 0;
    do {
        const char *more = some[below(sizeof some / sizeof some[0])];
        if (strlen(key) + strlen(more) <= most)
            strcat(key, more);
    } while (!key[0] || below(8));
}

static void random_event(struct event *ev)
{
    event_init(ev, 1 + below(EVENT_TYPES - 1));
    ev->viewer = below(2) ? 0 : (uint32_t)random_bits();
    ev->number = below(2) ? 0 : random_bits() >> 11;
    ev->time_ns = below(4) ? random_bits() % UINT64_C(10000000000000000000) : 0;
    if (ev->type == EVENT_RESIZE) {
        ev->width = 1 + below(65500);
        ev->height = 1 + below(65500);
        ev->ratio = random_float(0.1f, 10);
        return;
    }
    if (ev->type == EVENT_CHAR || ev->type == EVENT_CURSOR) {
        random_key(ev->key, EVENT_KEY_MAX);
        return;
    }
    if (ev->type == EVENT_LAYOUT_PAUSE) {
        ev->on = below(2);
        return;
    }
    if (ev->type == EVENT_NODE_CLEAR)
        return;
    if (ev->type == EVENT_NODE_SELECT || ev->type == EVENT_NODE_FIND) {
        ev->node = ev->type == EVENT_NODE_SELECT ? (uint32_t)random_bits() : 0;
        random_key(ev->key, EVENT_NAME_MAX);
        return;
    }
    if (ev->type == EVENT_NODE_DRAG || ev->type == EVENT_NODE_DROP) {
        ev->node = (uint32_t)random_bits();
        if (ev->type == EVENT_NODE_DROP)
            return;
        ev->x = random_float(-1e9f, 1e9f);
        ev->y = random_float(-1e9f, 1e9f);
        ev->z = below(2) ? 0 : random_float(-1e9f, 1e9f);
        return;
    }
    ev->modifiers = below(2) ? 0 : below(16);
    if (ev->type == EVENT_KEY_DOWN || ev->type == EVENT_KEY_UP) {
        random_key(ev->key, EVENT_KEY_MAX);
        return;
    }
    ev->x = random_float(-16, 17);
    ev->y = random_float(-16, 17);
    ev->buttons = below(32);
    ev->pointer = below(2) ? 0 : (uint32_t)random_bits();
    if (ev->type == EVENT_WHEEL) {
        ev->dx = below(2) ? 0 : random_float(-1e6f, 1e6f);
        ev->dy = below(2) ? 0 : random_float(-1e6f, 1e6f);
    } else {
        ev->button = below(6);
    }
}

static int fail(const char *what, const char *line)
{
    printf("%s: %s", what, line);
    return 1;
}

/* Event to text to event to text. */
static int check_round(const struct event *ev)
{
    char line[EVENT_LINE_MAX], again[EVENT_LINE_MAX];
    const char *why;
    struct event back;
    size_t n = event_text(ev, line, sizeof line);
    if (!n || line[n - 1] != '\n' || strlen(line) != n)
        return fail("no line", "\n");
    if (!event_parse(line, n - 1, &back, &why))
        return fail(why, line);
    if (memcmp(&back, ev, sizeof back))
        return fail("a different event", line);
    if (event_text(&back, again, sizeof again) != n || strcmp(line, again))
        return fail("a different line", line);
    if (!event_json(ev, again, sizeof again))
        return fail("no JSON", line);
    /* A buffer that is too small is not overrun: the sanitizers check this. */
    char *small = malloc(n);
    if (!small || event_text(ev, small, n))
        return fail("fits in a buffer that is too small", line);
    free(small);
    return 0;
}

static int random_events(bool json, unsigned count)
{
    while (count--) {
        struct event ev;
        char line[EVENT_LINE_MAX];
        random_event(&ev);
        if (!event_valid(&ev))
            return fail("not valid", "\n");
        if (check_round(&ev))
            return 1;
        (json ? event_json : event_text)(&ev, line, sizeof line);
        fputs(line, stdout);
    }
    return 0;
}

static int junk(unsigned count)
{
    static const char alphabet[] = " =%0123456789abcdefxyt,.-+e\t\r\"#\xff\xc3";
    unsigned accepted = 0;
    for (unsigned i = 0; i < count; i++) {
        struct event ev;
        char line[EVENT_LINE_MAX];
        const char *why = NULL;
        random_event(&ev);
        size_t n = event_text(&ev, line, sizeof line) - 1;
        for (unsigned hits = 1 + below(3); hits; hits--)
            line[below((unsigned)n)] = alphabet[below(sizeof alphabet)]; /* may replace its NUL */
        n -= below(2) ? 0 : below((unsigned)n);
        char *exact = malloc(n + 1); /* exact size, so that sanitizers detect an overrun */
        if (!exact)
            return 1;
        memcpy(exact, line, n);
        bool ok = event_parse(exact, n, &ev, &why);
        free(exact);
        if (ok && (!event_valid(&ev) || check_round(&ev)))
            return fail("accepted", line);
        if (!ok && (!why || !*why || strlen(why) > 200 || strpbrk(why, "\n\r\t\xff\xc3")))
            return fail("no valid reason", line);
        accepted += ok;
    }
    printf("%u of %u accepted\n", accepted, count);
    return accepted == 0 || accepted == count;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    random_state = strtoull(argv[2], NULL, 10);
    unsigned count = (unsigned)strtoul(argv[3], NULL, 10);
    return !strcmp(argv[1], "junk") ? junk(count) : random_events(!strcmp(argv[1], "json"), count);
}
