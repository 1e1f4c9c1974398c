/*
 * Viewers' JSON: evjson_parse of any bytes. Its events are valid, and survive the conversion to an
 * event line and back; a text that is refused has no effect.
 */
#include "fuzz.h"
#include "eventtext.h"
#include "tool/evjson.h"

static int take_message(const struct evjson_message *message, void *user)
{
    int *count = user;
    char line[EVENT_LINE_MAX], again[EVENT_LINE_MAX];
    struct event event;
    const char *why;
    CHECK(++*count <= EVJSON_MESSAGES);
    switch (message->kind) {
    case EVJSON_EVENT:
        CHECK(event_valid(&message->event));
        size_t length = event_text(&message->event, line, sizeof line);
        CHECK(length > 1);
        CHECK(event_parse(line, length - 1, &event, &why));
        CHECK(event_text(&event, again, sizeof again) == length && !strcmp(line, again));
        break;
    case EVJSON_PING: /* is sent back unchanged, between commas */
        CHECK(message->t[0] && strnlen(message->t, sizeof message->t) < sizeof message->t);
        CHECK(!message->t[strspn(message->t, "0123456789+-.eE")]);
        break;
    case EVJSON_NOTHING:
    case EVJSON_ACK:
    case EVJSON_HELLO:
        break;
    case EVJSON_CONTROL:
        CHECK(message->want <= EVJSON_TAKE);
        CHECK((message->want == EVJSON_GIVE) == (message->to > 0));
        break;
    default:
        CHECK(!"a kind that there is");
    }
    return *count == 60 ? 5 : 0; /* may stop anywhere */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    int count = 0;
    const char *why = NULL;
    int result = evjson_parse((const char *)data, bytes, take_message, &count, &why);
    if (result == -1) {
        CHECK(count == 0 && why && *why);
        for (const char *p = why; *p; p++)
            CHECK(*p >= ' ' && *p <= '~');
    } else {
        CHECK(result == (count == 60 ? 5 : 0));
    }
    return 0;
}
