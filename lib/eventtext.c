#include "eventtext.h"
#include "eventtable.h"
#include "utf8.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct line {
    char *out;
    size_t size, length;
    bool full; /* something did not fit */
};

static void put(struct line *l, const char *text, size_t bytes)
{
    if (bytes >= l->size - l->length) {
        l->full = true;
        return;
    }
    memcpy(l->out + l->length, text, bytes);
    l->length += bytes;
}

static void put_text(struct line *l, const char *text)
{
    put(l, text, strlen(text));
}

/* Decimal digits of n, at least width of them. */
static void put_count(struct line *l, uint64_t n, unsigned width)
{
    char digits[20];
    unsigned at = sizeof digits;
    while (n || sizeof digits - at < width) {
        digits[--at] = (char)('0' + n % 10);
        n /= 10;
    }
    put(l, digits + at, sizeof digits - at);
}

/* The shortest text that event_parse reads as the same float. */
static void put_real(struct line *l, float x)
{
    double size = fabs((double)x);
    for (unsigned decimals = 0; size <= 1e6 && decimals <= 9; decimals++) {
        uint64_t n = (uint64_t)(size * event_powers[decimals] + 0.5);
        if ((float)((double)n / event_powers[decimals]) != (float)size)
            continue;
        if (x < 0)
            put(l, "-", 1);
        uint64_t unit = (uint64_t)event_powers[decimals];
        put_count(l, n / unit, 1);
        if (decimals) {
            put(l, ".", 1);
            put_count(l, n % unit, decimals);
        }
        return;
    }
    char text[32];
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)x);
        if ((float)strtod(text, NULL) == x)
            break;
    }
    put_text(l, text);
}

static void put_time(struct line *l, uint64_t ns)
{
    put_count(l, ns / 1000000000u, 1);
    put(l, ".", 1);
    put_count(l, ns % 1000000000u, 9);
}

static void put_key(struct line *l, const char *key, bool json)
{
    char escaped[8];
    for (; *key; key++)
        if (utf8_is_c1(key)) {
            snprintf(escaped, sizeof escaped, json ? "\\u00%02x" : "%%C2%%%02X",
                     (unsigned char)*++key);
            put_text(l, escaped);
        } else if (json && (*key == '"' || *key == '\\')) {
            put(l, "\\", 1);
            put(l, key, 1);
        } else if (!json && (*key == ' ' || *key == '%')) {
            put_text(l, *key == ' ' ? "%20" : "%25");
        } else {
            put(l, key, 1);
        }
}

/* The names that the DOM has for modifiers begin with this row of event_modifiers. */
enum { DOM_MODIFIERS = EVENT_MODIFIER_NAMES / 2 };

/* first: the row of event_modifiers with the first of the names to be used. */
static void put_modifiers(struct line *l, uint32_t bits, bool json, unsigned first)
{
    const char *between = "", *quote = json ? "\"" : "";
    put_text(l, json ? "[" : "");
    for (unsigned i = first; i < EVENT_MODIFIER_NAMES && bits; i++) {
        if (!(bits & event_modifiers[i].bit))
            continue;
        put_text(l, between);
        put_text(l, quote);
        put_text(l, event_modifiers[i].name);
        put_text(l, quote);
        between = ",";
        bits &= ~event_modifiers[i].bit;
    }
    put_text(l, json ? "]" : "");
}

/* Optional keys are left out where they have their default. */
static bool is_written(const struct event_row *row, const struct event *ev, unsigned key)
{
    if (row->required & KEY_BIT(key))
        return true;
    switch (event_key(key)->kind) {
    case KEY_REAL:
        /* A wheel step has dx or dy, even if both are 0. */
        return *event_real(ev, key) != (float)event_key(key)->standard ||
               (key == KEY_DY && ev->dx == 0);
    case KEY_TIME:
        return ev->time_ns != 0;
    case KEY_NUMBER:
        return ev->number != 0;
    default:
        return *event_count(ev, key) != 0;
    }
}

static void put_value(struct line *l, const struct event *ev, unsigned key, bool json)
{
    switch (event_key(key)->kind) {
    case KEY_REAL:
        put_real(l, *event_real(ev, key));
        break;
    case KEY_COUNT:
        put_count(l, *event_count(ev, key), 1);
        break;
    case KEY_NAMES:
        put_modifiers(l, ev->modifiers, json, 0);
        break;
    case KEY_TEXT:
        put_text(l, json ? "\"" : "");
        put_key(l, ev->key, json);
        put_text(l, json ? "\"" : "");
        break;
    case KEY_TIME:
        put_time(l, ev->time_ns);
        break;
    case KEY_NUMBER:
        put_count(l, ev->number, 1);
        break;
    }
}

static size_t end_line(struct line *l)
{
    put(l, "\n", 1);
    if (l->full)
        return 0;
    l->out[l->length] = 0;
    return l->length;
}

static size_t write_event(const struct event *ev, char *out, size_t size, bool json)
{
    struct line l = {out, size, 0, size == 0};
    if (l.full || !event_valid(ev))
        return 0;
    const struct event_row *row = event_type_row(ev->type);
    put_text(&l, json ? "{\"type\":\"" : "");
    put_text(&l, row->name);
    put_text(&l, json ? "\"" : "");
    for (uint32_t left = event_keys(row); left; left &= left - 1) {
        unsigned key = key_first(left);
        if (!is_written(row, ev, key))
            continue;
        put_text(&l, json ? ",\"" : " ");
        put_text(&l, event_key(key)->name);
        put_text(&l, json ? "\":" : "=");
        put_value(&l, ev, key, json);
    }
    put_text(&l, json ? "}" : "");
    return end_line(&l);
}

size_t event_text(const struct event *ev, char *out, size_t size)
{
    return write_event(ev, out, size, false);
}

size_t event_json(const struct event *ev, char *out, size_t size)
{
    return write_event(ev, out, size, true);
}

/* FURY's id: 1 wheel, 2 move, 3 to 8 presses and releases of left, middle, right; 0: no such
 * event. */
static unsigned fury_id(const struct event *ev)
{
    static const unsigned char presses[] = {0, 3, 7, 5, 0, 0};
    switch (ev->type) {
    case EVENT_WHEEL:
        return 1;
    case EVENT_POINTER_MOVE:
        return 2;
    case EVENT_POINTER_DOWN:
        return presses[ev->button];
    case EVENT_POINTER_UP:
        return presses[ev->button] ? presses[ev->button] + 1u : 0;
    default:
        return 0;
    }
}

size_t event_fury(const struct event *ev, char *out, size_t size)
{
    struct line l = {out, size, 0, size == 0};
    unsigned id = !l.full && event_valid(ev) ? fury_id(ev) : 0;
    if (!id)
        return 0;
    put_count(&l, id, 1);
    put(&l, " ", 1);
    put_real(&l, ev->type == EVENT_WHEEL ? ev->dy : 0);
    put(&l, " ", 1);
    put_real(&l, ev->x);
    put(&l, " ", 1);
    put_real(&l, ev->y);
    put_text(&l, ev->modifiers & EVENT_CTRL ? " 1" : " 0");
    put_text(&l, ev->modifiers & EVENT_SHIFT ? " 1 " : " 0 ");
    put_count(&l, ev->time_ns / 1000000u, 1);
    put(&l, ".", 1);
    put_count(&l, ev->time_ns % 1000000u, 6);
    put_text(&l, " 0");
    return end_line(&l);
}

static void put_name(struct line *l, const char *name)
{
    put_text(l, ",\"");
    put_text(l, name);
    put_text(l, "\":");
}

static void put_buttons(struct line *l, uint32_t buttons)
{
    put_text(l, "[");
    for (uint32_t left = buttons; left; left &= left - 1) {
        put_text(l, left == buttons ? "" : ",");
        put_count(l, key_first(left) + 1, 1);
    }
    put_text(l, "]");
}

/* A pointer other than the mouse is a touch while it has a button. */
static void put_touches(struct line *l, const struct event *ev, float x, float y)
{
    bool touch = ev->pointer && ev->buttons;
    put_name(l, "ntouches");
    put_count(l, touch, 1);
    put_name(l, "touches");
    put_text(l, "{");
    if (touch) {
        put_text(l, "\"");
        put_count(l, ev->pointer, 1);
        put_text(l, "\":{\"x\":");
        put_real(l, x);
        put_text(l, ",\"y\":");
        put_real(l, y);
        put_text(l, ",\"pressure\":1}");
    }
    put_text(l, "}");
}

/* The keys of a pointer or wheel event in renderview. */
static void put_pointer(struct line *l, const struct event *ev, const struct event_canvas *canvas)
{
    float x = ev->x * (float)canvas->width / canvas->ratio;
    float y = ev->y * (float)canvas->height / canvas->ratio;
    bool wheel = ev->type == EVENT_WHEEL;
    put_name(l, "x");
    put_real(l, x);
    put_name(l, "y");
    put_real(l, y);
    if (wheel) {
        put_name(l, "dx");
        put_real(l, ev->dx);
        put_name(l, "dy");
        put_real(l, ev->dy);
    } else {
        put_name(l, "button");
        put_count(l, ev->button, 1);
    }
    put_name(l, "buttons");
    put_buttons(l, ev->buttons);
    if (!wheel)
        put_touches(l, ev, x, y);
}

static void put_resize(struct line *l, const struct event *ev)
{
    put_name(l, "width");
    put_real(l, (float)ev->width / ev->ratio);
    put_name(l, "height");
    put_real(l, (float)ev->height / ev->ratio);
    put_name(l, "pwidth");
    put_count(l, ev->width, 1);
    put_name(l, "pheight");
    put_count(l, ev->height, 1);
    put_name(l, "ratio");
    put_real(l, ev->ratio);
}

size_t event_renderview(const struct event *ev, const struct event_canvas *canvas, char *out,
                        size_t size)
{
    struct line l = {out, size, 0, size == 0};
    bool text = ev->type == EVENT_CHAR;
    if (l.full || (ev->type >= EVENT_EXTENSION && !text) || !event_valid(ev))
        return 0;
    const struct event_row *row = event_type_row(ev->type);
    put_text(&l, "{\"type\":\"");
    put_text(&l, row->name);
    put_text(&l, "\"");
    if (row->payload == PAYLOAD_AT)
        put_pointer(&l, ev, canvas);
    else if (row->payload == PAYLOAD_SIZE)
        put_resize(&l, ev);
    if (row->payload == PAYLOAD_KEY) {
        put_name(&l, text ? "data" : "key");
        put_text(&l, "\"");
        put_key(&l, ev->key, true);
        put_text(&l, "\"");
    }
    if (text)
        put_text(&l, ",\"input_type\":\"insertText\",\"is_composing\":false,\"repeat\":false");
    if (row->optional & KEY_BIT(KEY_MODIFIERS)) {
        put_name(&l, "modifiers");
        put_modifiers(&l, ev->modifiers, true, DOM_MODIFIERS);
    }
    put_name(&l, "timestamp");
    put_time(&l, ev->time_ns);
    if (ev->viewer) {
        put_name(&l, "viewer");
        put_count(&l, ev->viewer, 1);
    }
    put_name(&l, "n");
    put_count(&l, ev->number, 1);
    put_text(&l, "}");
    return end_line(&l);
}

static void put_keys(struct line *l, uint32_t keys, const char *before, const char *between,
                     const char *after)
{
    for (unsigned key = 0; key < KEYS; key++)
        if (keys & KEY_BIT(key)) {
            put_text(l, before);
            put_text(l, event_key(key)->name);
            put_text(l, after);
            before = between;
        }
}

size_t event_list(size_t line, char *out, size_t size)
{
    struct line l = {out, size, 0, size == 0};
    char text[EVENT_LINE_MAX];
    if (l.full || line >= EVENT_TYPES + KEYS)
        return 0;
    if (line < EVENT_TYPES - 1) {
        const struct event_row *row = event_type_row((uint32_t)line + 1);
        snprintf(text, sizeof text, "%-13s", row->name);
        put_text(&l, text);
        put_keys(&l, row->required, " ", " ", "");
        put_keys(&l, row->one_of, " ", "|", "");
        put_keys(&l, row->optional, " [", " [", "]");
    } else if (line >= EVENT_TYPES) {
        const struct event_key *k = event_key((unsigned)(line - EVENT_TYPES));
        snprintf(text, sizeof text, "%-9s %-13s %s", k->name, k->values, k->meaning);
        put_text(&l, text);
    }
    return end_line(&l); /* an empty line between the two tables */
}
