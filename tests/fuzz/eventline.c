/*
 * Event lines: event_parse of any bytes. An accepted event is valid, and its text and its JSON give
 * the same event.
 */
#include "fuzz.h"
#include "eventtext.h"
#include "tool/evjson.h"

static int take_one(const struct evjson_message *message, void *user)
{
    CHECK(message->kind == EVJSON_EVENT && !message->fury);
    *(struct event *)user = message->event;
    return 7;
}

static void same(const struct event *a, const struct event *b)
{
    CHECK(a->number == b->number && a->time_ns == b->time_ns && a->type == b->type);
    CHECK(a->modifiers == b->modifiers && a->button == b->button && a->buttons == b->buttons);
    CHECK(a->viewer == b->viewer && a->pointer == b->pointer);
    CHECK(!memcmp(&a->x, &b->x, sizeof a->x) && !memcmp(&a->y, &b->y, sizeof a->y));
    CHECK(!memcmp(&a->dx, &b->dx, sizeof a->dx) && !memcmp(&a->dy, &b->dy, sizeof a->dy));
    CHECK(!memcmp(&a->z, &b->z, sizeof a->z) && a->node == b->node && a->on == b->on);
    CHECK(a->width == b->width && a->height == b->height);
    CHECK(!memcmp(&a->ratio, &b->ratio, sizeof a->ratio) && !strcmp(a->key, b->key));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct event first, again;
    const char *why = NULL;
    char text[EVENT_LINE_MAX], second[EVENT_LINE_MAX], json[EVENT_LINE_MAX];
    if (!event_parse((const char *)data, bytes, &first, &why)) {
        CHECK(why && *why);
        for (const char *p = why; *p; p++)
            CHECK(*p >= ' ' && *p <= '~');
        return 0;
    }
    CHECK(event_valid(&first));
    size_t length = event_text(&first, text, sizeof text);
    CHECK(length > 1 && length == strlen(text) && text[length - 1] == '\n');
    CHECK(event_parse(text, length - 1, &again, &why));
    same(&first, &again);
    CHECK(event_text(&again, second, sizeof second) == length && !strcmp(text, second));

    length = event_json(&first, json, sizeof json);
    CHECK(length > 1 && length == strlen(json) && json[length - 1] == '\n');
    CHECK(evjson_parse(json, length, take_one, &again, &why) == 7);
    same(&first, &again);

    length = event_fury(&first, text, sizeof text);
    CHECK(length == 0 || (length == strlen(text) && text[length - 1] == '\n'));
    for (size_t room = 0; room < 64; room++) { /* too little room is reported, not overrun */
        char *small = malloc(room + 1);
        CHECK(small);
        size_t n = event_text(&first, small, room);
        CHECK(n == 0 || (n < room && small[n] == 0));
        free(small);
    }
    return 0;
}
