#include "tool/evjson.h"
#include "eventtable.h"
#include "tool/lejptext.h"
#include "utf8.h"
#include <libwebsockets.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MEMBERS = 24,  /* of one object */
    NAME_ROOM = 24 /* longer names are cut, and so unknown */
};

enum value { NONE, TEXT, NUMBER, YES, LITERAL, LIST }; /* YES: true; LITERAL: false or null */

struct member {
    char name[NAME_ROOM];
    enum value value;
    enum value items;               /* LIST: type of its items, NONE if empty */
    char text[LEJPTEXT_STRING + 4]; /* a list's items are joined by commas */
};

struct reader {
    bool array, object; /* the parser is inside one */
    unsigned nested;    /* depth inside the value of "touches", which is not kept */
    size_t messages, members;
    const char **why;
    struct member member[MEMBERS];
    struct evjson_message message[EVJSON_MESSAGES];
};

static int refuse(const char **why, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int refuse(const char **why, const char *format, ...)
{
    static _Thread_local char text[160];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    for (char *p = text; *p; p++)
        if (*p < ' ' || *p > '~')
            *p = '?';
    *why = text;
    return -1;
}

static struct member *find(struct reader *r, const char *name)
{
    for (size_t i = 0; i < r->members; i++)
        if (!strcmp(r->member[i].name, name))
            return &r->member[i];
    return NULL;
}

static int begin_member(struct reader *r, const struct lejp_ctx *ctx)
{
    const char *name = ctx->path + (r->array ? 3 : 0); /* after "[]." */
    if (r->nested)
        return 0;
    if (!r->object || strlen(ctx->path) != ctx->pst[ctx->pst_sp].ppos)
        return refuse(r->why, "not JSON");
    if (r->members == MEMBERS)
        return refuse(r->why, "more than %d members", MEMBERS);
    char cut[NAME_ROOM];
    size_t n = strnlen(name, sizeof cut - 1);
    memcpy(cut, name, n);
    cut[n] = 0;
    if (find(r, cut))
        return refuse(r->why, "%s is given twice", cut);
    struct member *m = &r->member[r->members++];
    memcpy(m->name, cut, n + 1);
    m->value = m->items = NONE;
    m->text[0] = 0;
    return 0;
}

static int add_value(struct reader *r, struct lejp_ctx *ctx, enum value value)
{
    struct member *m = r->members ? &r->member[r->members - 1] : NULL;
    const char *literal = ctx->buf;
    if (r->nested)
        return value == NUMBER && !lejptext_is_number(ctx->buf) ? refuse(r->why, "not JSON") : 0;
    if (!r->object || !m)
        return refuse(r->why, "not an object or an array of objects");
    if (m->value != NONE && m->value != LIST)
        return refuse(r->why, "not JSON");
    if (value == LITERAL || value == YES)
        literal = "";
    else if (strlen(ctx->buf) != ctx->npos)
        return refuse(r->why, "%s has a NUL byte", m->name);
    if (value == NUMBER && !lejptext_is_number(ctx->buf))
        return refuse(r->why, "not JSON");
    if (value == TEXT) {
        lejptext_join_surrogates(ctx->buf);
        if (!utf8_valid(ctx->buf, strlen(ctx->buf)))
            return refuse(r->why, "%s is not UTF-8", m->name);
    }
    if (m->value == LIST) {
        if (m->items != NONE && m->items != value)
            return refuse(r->why, "%s holds different things", m->name);
        if (!*literal)
            return refuse(r->why, "%s holds something empty", m->name);
    }
    size_t n = strlen(m->text);
    int more = snprintf(m->text + n, sizeof m->text - n, "%s%s",
                        m->value == LIST && m->items != NONE ? "," : "", literal);
    if (more < 0 || (size_t)more >= sizeof m->text - n)
        return refuse(r->why, "%s is too long", m->name);
    if (m->value == LIST)
        m->items = value;
    else
        m->value = value;
    return 0;
}

/* Whether the parser is at or inside the value of "touches": lists and objects of any shape. */
static bool begin_nested(struct reader *r)
{
    struct member *m = r->object && r->members ? &r->member[r->members - 1] : NULL;
    if (!r->nested && (!m || m->value != NONE || strcmp(m->name, "touches") != 0))
        return false;
    m->value = LITERAL;
    r->nested++;
    return true;
}

static int begin_list(struct reader *r)
{
    if (begin_nested(r))
        return 0;
    if (!r->object && !r->array) {
        r->array = true;
        return 0;
    }
    if (!r->object || !r->members || r->member[r->members - 1].value != NONE)
        return refuse(r->why, "a list in a list");
    r->member[r->members - 1].value = LIST;
    return 0;
}

static int begin_object(struct reader *r)
{
    if (begin_nested(r))
        return 0;
    if (r->object)
        return refuse(r->why, "an object in an object");
    if (r->messages == EVJSON_MESSAGES)
        return refuse(r->why, "more than %d messages", EVJSON_MESSAGES);
    r->object = true;
    r->members = 0;
    return 0;
}

/* Converts a list of button numbers, as in rendercanvas, to the mask. */
static bool mask_of(char *list, size_t room)
{
    unsigned mask = 0;
    for (char *p = list; *p; p += *p == ',') {
        if (p[0] < '1' || p[0] > '5' || (p[1] && p[1] != ','))
            return false;
        mask |= 1u << (*p++ - '1');
    }
    snprintf(list, room, "%u", mask);
    return true;
}

static bool in_list(const char *const *list, const char *name)
{
    while (*list && strcmp(*list, name) != 0)
        list++;
    return *list;
}

/* Members that clients of renderview and its predecessors send, and streams do not carry. */
static bool tolerated(const char *name)
{
    static const char *const names[] = {"timestamp",    "time_stamp", "timeStamp",
                                        "ntouches",     "touches",    "input_type",
                                        "is_composing", "repeat",     NULL};
    return in_list(names, name);
}

/* Types of renderview that streams do not carry. */
static bool is_nothing(const char *type)
{
    static const char *const types[] = {"show", "hide", "close", "focus_in", "focus_out", NULL};
    return in_list(types, type);
}

/* Whether the values of a key, by its bit, are text. */
static bool is_text(uint32_t bit)
{
    return bit && event_key((unsigned)__builtin_ctz(bit))->kind == KEY_TEXT;
}

/* In a resize of renderview, width and height are in logical pixels, as a fraction too; pwidth and
 * pheight, in physical ones, become the event's. */
static void take_physical_size(struct reader *r)
{
    struct member *width = find(r, "pwidth"), *height = find(r, "pheight");
    struct member *logical_width = find(r, "width"), *logical_height = find(r, "height");
    if (!width || !height)
        return;
    if (logical_width)
        strcpy(logical_width->name, "timestamp");
    if (logical_height)
        strcpy(logical_height->name, "timestamp");
    strcpy(width->name, "width");
    strcpy(height->name, "height");
}

static int take_event(struct reader *r, struct event *ev)
{
    uint32_t set = 0;
    const char *why;
    if (ev->type == EVENT_RESIZE)
        take_physical_size(r);
    for (struct member *m = r->member; m < r->member + r->members; m++) {
        uint32_t bit = event_key_bit(ev->type, m->name);
        enum value wanted = is_text(bit) ? TEXT : NUMBER;
        if (!strcmp(m->name, "type") || tolerated(m->name))
            continue;
        if (!strcmp(m->name, "modifiers")) {
            if (m->value == LIST && m->items == NONE)
                continue;
            wanted = m->value == LIST && m->items == TEXT ? LIST : TEXT;
        } else if (!strcmp(m->name, "buttons") && m->value == LIST) {
            if (!mask_of(m->text, sizeof m->text))
                return refuse(r->why, "buttons holds something that is no button 1..5");
            wanted = LIST;
        }
        if (bit && m->value != wanted)
            return refuse(r->why, "%s must be a %s", m->name, wanted == TEXT ? "string" : "number");
        if (!event_set(ev, m->name, m->text, &why))
            return refuse(r->why, "%s%s", why,
                          bit & (KEY_BIT(KEY_X) | KEY_BIT(KEY_Y))
                              ? ": a fraction of the image, not pixels"
                              : "");
        set |= bit;
    }
    return event_complete(ev, set, &why) ? 0 : refuse(r->why, "%s", why);
}

/* {"type":"control","want":"give","to":N}; only "give" has "to". */
static int take_control(struct reader *r, struct evjson_message *message)
{
    static const char *const wants[] = {"ask", "release", "give", "take"};
    const struct member *want = find(r, "want"), *to = find(r, "to");
    unsigned i = 0;
    if (!want || want->value != TEXT)
        return refuse(r->why, "control needs want, a string");
    while (i < sizeof wants / sizeof wants[0] && strcmp(want->text, wants[i]) != 0)
        i++;
    if (i == sizeof wants / sizeof wants[0])
        return refuse(r->why, "control knows no '%.32s'", want->text);
    message->want = (enum evjson_want)i;
    bool give = message->want == EVJSON_GIVE;
    if (give && (!to || to->value != NUMBER))
        return refuse(r->why, "give needs to, a number");
    if (r->members != (give ? 3 : 2))
        return refuse(r->why, "%s takes only %s", want->text, give ? "to" : "want");
    if (!give)
        return 0;
    unsigned long long number = strtoull(to->text, NULL, 10);
    if (strlen(to->text) > 10 || to->text[strspn(to->text, "0123456789")] || !number ||
        number > UINT32_MAX)
        return refuse(r->why, "to must be the number of a viewer");
    message->to = (uint32_t)number;
    return 0;
}

static bool has_c1(const char *text)
{
    while (*text && !utf8_is_c1(text))
        text++;
    return *text;
}

/* {"type":"hello"}, maybe with "parts":true and with the viewer's name. */
static int take_hello(struct reader *r, struct evjson_message *message)
{
    const struct member *parts = find(r, "parts"), *name = find(r, "name");
    size_t bytes = name ? strlen(name->text) : 0;
    if (parts && parts->value != YES)
        return refuse(r->why, "parts must be true");
    if (r->members != 1u + (parts != NULL) + (name != NULL))
        return refuse(r->why, "hello takes only parts and name");
    if (name && (name->value != TEXT || bytes > EVJSON_NAME_MAX ||
                 !utf8_printable(name->text, bytes) || has_c1(name->text)))
        return refuse(r->why,
                      "name must be a string of at most %d bytes, without control "
                      "characters",
                      EVJSON_NAME_MAX);
    message->parts = parts;
    message->named = name;
    if (name)
        memcpy(message->name, name->text, bytes + 1);
    return 0;
}

/* {"type":"ack","seq":N} and {"type":"ping","t":X} have one number each. */
static int take_number(struct reader *r, const char *type, const char *name, const char **text)
{
    const struct member *m = find(r, name);
    if (!m || m->value != NUMBER)
        return refuse(r->why, "%s needs %s, a number", type, name);
    if (r->members != 2)
        return refuse(r->why, "%s takes only %s", type, name);
    *text = m->text;
    return 0;
}

static int fury_set(struct reader *r, struct event *ev, const char *name, const char *key)
{
    const struct member *m = find(r, name);
    const char *why;
    if (!m || m->value != NUMBER)
        return refuse(r->why, "%s must be a number", name);
    return event_set(ev, key, m->text, &why) ? 0 : refuse(r->why, "%s", why);
}

/* A number 0 … high in FURY's form; may be absent only if optional. -1: refused. */
static int fury_small(struct reader *r, const char *name, int high, bool optional)
{
    const struct member *m = find(r, name);
    if (!m && optional)
        return 0;
    if (!m || m->value != NUMBER || m->text[1] || m->text[0] < '0' || m->text[0] > '0' + high)
        return refuse(r->why, "%s must be a number 0..%d", name, high);
    return m->text[0] - '0';
}

static int take_fury(struct reader *r, const char *type, struct event *ev)
{
    static const unsigned char buttons[] = {1, 3, 2, 4, 5}; /* from the DOM's numbers */
    int ctrl = fury_small(r, "ctrlKey", 1, true), shift = fury_small(r, "shiftKey", 1, true);
    if (ctrl < 0 || shift < 0)
        return -1;
    if (!strcmp(type, "weel")) {
        event_init(ev, EVENT_WHEEL);
        if (fury_set(r, ev, "deltaY", "dy"))
            return -1;
    } else {
        event_init(ev, EVENT_POINTER_MOVE);
        if (fury_set(r, ev, "x", "x") || fury_set(r, ev, "y", "y"))
            return -1;
    }
    if (!strcmp(type, "mouseLeftClick")) {
        int on = fury_small(r, "on", 1, false), button = fury_small(r, "mouseButton", 4, false);
        if (on < 0 || button < 0)
            return -1;
        ev->type = on ? EVENT_POINTER_DOWN : EVENT_POINTER_UP;
        ev->button = buttons[button];
    }
    ev->modifiers = (ctrl ? EVENT_CTRL : 0) | (shift ? EVENT_SHIFT : 0);
    return 0;
}

/* Whether the pointer enters or leaves without coordinates, as in renderview. */
static bool has_no_position(struct reader *r, uint32_t type)
{
    return (type == EVENT_POINTER_ENTER || type == EVENT_POINTER_LEAVE) && !find(r, "x") &&
           !find(r, "y");
}

/* Whether it is text that is still being composed, or none, as in renderview. */
static bool has_no_text(struct reader *r, uint32_t type)
{
    const struct member *data = find(r, "data"), *composing = find(r, "is_composing");
    return type == EVENT_CHAR && data &&
           (data->value == LITERAL || (data->value == TEXT && !data->text[0]) ||
            (composing && composing->value == YES));
}

static int end_object(struct reader *r)
{
    if (r->nested) {
        r->nested--;
        return 0;
    }
    struct evjson_message *message = &r->message[r->messages];
    const struct member *type = find(r, "type");
    const char *number = NULL;
    r->object = false;
    memset(message, 0, sizeof *message);
    if (!type || type->value != TEXT)
        return refuse(r->why, "no type");
    uint32_t event = event_type(type->text);
    if (is_nothing(type->text) || has_no_position(r, event) || has_no_text(r, event)) {
        message->kind = EVJSON_NOTHING;
    } else if (event) {
        event_init(&message->event, event);
        if (take_event(r, &message->event))
            return -1;
    } else if (!strcmp(type->text, "weel") || !strcmp(type->text, "mouseMove") ||
               !strcmp(type->text, "mouseLeftClick")) {
        message->fury = true;
        if (take_fury(r, type->text, &message->event))
            return -1;
    } else if (!strcmp(type->text, "ack")) {
        message->kind = EVJSON_ACK;
        if (take_number(r, "ack", "seq", &number))
            return -1;
        if (strlen(number) > 19 || number[strspn(number, "0123456789")])
            return refuse(r->why, "seq must be a whole number");
        message->seq = strtoull(number, NULL, 10);
    } else if (!strcmp(type->text, "ping")) {
        message->kind = EVJSON_PING;
        if (take_number(r, "ping", "t", &number))
            return -1;
        if (strlen(number) >= sizeof message->t)
            return refuse(r->why, "t is too long");
        memcpy(message->t, number, strlen(number) + 1);
    } else if (!strcmp(type->text, "hello")) {
        message->kind = EVJSON_HELLO;
        if (take_hello(r, message))
            return -1;
    } else if (!strcmp(type->text, "control")) {
        message->kind = EVJSON_CONTROL;
        if (take_control(r, message))
            return -1;
    } else {
        return refuse(r->why, "unknown type '%.32s'", type->text);
    }
    r->messages++;
    return 0;
}

static signed char on_json(struct lejp_ctx *ctx, char reason)
{
    struct reader *r = ctx->user;
    int result = 0;
    switch ((unsigned char)reason) {
    case LEJPCB_OBJECT_START:
        result = begin_object(r);
        break;
    case LEJPCB_OBJECT_END:
        result = end_object(r);
        break;
    case LEJPCB_ARRAY_START:
        result = begin_list(r);
        break;
    case LEJPCB_ARRAY_END:
        r->nested -= r->nested > 0;
        break;
    case LEJPCB_PAIR_NAME:
        result = begin_member(r, ctx);
        break;
    case LEJPCB_VAL_STR_CHUNK:
        result = refuse(r->why, "a string longer than %d bytes", LEJPTEXT_STRING);
        break;
    case LEJPCB_VAL_STR_END:
        result = add_value(r, ctx, TEXT);
        break;
    case LEJPCB_VAL_NUM_INT:
    case LEJPCB_VAL_NUM_FLOAT:
        result = add_value(r, ctx, NUMBER);
        break;
    case LEJPCB_VAL_TRUE:
        result = add_value(r, ctx, YES);
        break;
    case LEJPCB_VAL_FALSE:
    case LEJPCB_VAL_NULL:
        result = add_value(r, ctx, LITERAL);
        break;
    }
    return (signed char)result;
}

int evjson_parse(const char *json, size_t bytes,
                 int (*each)(const struct evjson_message *message, void *user), void *user,
                 const char **why)
{
    struct reader r;
    struct lejp_ctx ctx;
    char clean[LEJPTEXT_BYTES];
    int length = lejptext_clean(json, bytes, clean, why);
    if (length < 0)
        return -1;
    r.array = r.object = false;
    r.messages = r.members = r.nested = 0;
    r.why = why;
    *why = "not JSON";
    lejp_construct(&ctx, on_json, &r, NULL, 0);
    int left = lejp_parse(&ctx, (const unsigned char *)clean, length);
    lejp_destruct(&ctx);
    if (left < 0)
        return -1;
    for (; left; left--)
        if (!strchr(" \t\r\n", clean[length - left]))
            return refuse(why, "more than one JSON text");
    int result = 0;
    for (size_t i = 0; i < r.messages && !result; i++)
        result = each(&r.message[i], user);
    return result;
}
