/*
 * stdin: JSON texts, each preceded by its length in four bytes (little-endian).
 * stdout: the messages that evjson_parse reads from each text, one per line, and "." after each
 * text.
 */
#include <stdio.h>
#include <stdlib.h>
#include "eventtext.h"
#include "tool/evjson.h"

static unsigned called;
static const char *const wants[] = {"ask", "release", "give", "take"};

static int print_message(const struct evjson_message *m, void *user)
{
    char line[EVENT_LINE_MAX];
    (void)user;
    called++;
    if (m->kind == EVJSON_ACK)
        printf("ack %llu\n", (unsigned long long)m->seq);
    else if (m->kind == EVJSON_PING)
        printf("ping %s\n", m->t);
    else if (m->kind == EVJSON_NOTHING)
        puts("nothing");
    else if (m->kind == EVJSON_HELLO)
        printf("hello%s%s%s\n", m->parts ? " parts" : "", m->named ? " " : "", m->name);
    else if (m->kind == EVJSON_CONTROL)
        printf("control %s %u\n", wants[m->want], m->to);
    else if (event_text(&m->event, line, sizeof line))
        printf("%s%s", m->fury ? "fury " : "", line);
    else
        puts("a message that is not an event");
    return 0;
}

static int stop_at_once(const struct evjson_message *m, void *user)
{
    (void)m;
    return ++*(int *)user + 6;
}

int main(void)
{
    unsigned char size[4];
    while (fread(size, 1, 4, stdin) == 4) {
        size_t bytes = (size_t)(size[0] | size[1] << 8 | size[2] << 16);
        char *json =
            malloc(bytes ? bytes : 1); /* exact size, so that sanitizers detect an overrun */
        const char *why = NULL;
        int stops = 0;
        if (!json || fread(json, 1, bytes, stdin) != bytes)
            return 1;
        called = 0;
        int result = evjson_parse(json, bytes, print_message, NULL, &why);
        if (result)
            printf("NO %s\n", why);
        if (result && called)
            puts("called before the end was checked");
        if (called && (evjson_parse(json, bytes, stop_at_once, &stops, &why) != 7 || stops != 1))
            puts("does not stop");
        puts(".");
        free(json);
    }
    return 0;
}
