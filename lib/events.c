#include "events.h"
#include "utf8.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARRAY_LENGTH(a) (sizeof(a) / sizeof(a)[0])

/* In the order in which they are written. */
enum {
    X,
    Y,
    DX,
    DY,
    WIDTH,
    HEIGHT,
    RATIO,
    KEY,
    BUTTON,
    BUTTONS,
    MODIFIERS,
    POINTER,
    NODE,
    NODE_X,
    NODE_Y,
    NODE_Z,
    ON,
    VIEWER,
    T
};

#define BIT(key) (UINT32_C(1) << (key))

enum kind { REAL, COUNT, NAMES, TEXT, TIME };

static const char *const kind_rules[] = {
    [REAL] = "a number ",
    [COUNT] = "a whole number ",
    [NAMES] = "one or more of shift,ctrl,alt,meta",
    [TEXT] = "1 to 32 bytes of UTF-8 without control characters",
    [TIME] = "seconds like 12.034567890",
};

static const struct event_key {
    const char *name;
    enum kind kind;
    size_t at; /* in struct event */
    double low, high, standard;
    const char *values, *meaning;
} event_keys[] = {
    [X] = {"x", REAL, offsetof(struct event, x), -16, 17, 0, "-16..17",
           "from the left edge (0) to the right one (1)"},
    [Y] = {"y", REAL, offsetof(struct event, y), -16, 17, 0, "-16..17",
           "from the top edge (0) to the bottom one (1)"},
    [DX] = {"dx", REAL, offsetof(struct event, dx), -1e6, 1e6, 0, "+-1000000",
            "wheel, pixels; > 0 is to the right"},
    [DY] = {"dy", REAL, offsetof(struct event, dy), -1e6, 1e6, 0, "+-1000000",
            "wheel, pixels; > 0 is towards the user"},
    [WIDTH] = {"width", COUNT, offsetof(struct event, width), 1, 65500, 0, "1..65500",
               "pixels that the viewer would like"},
    [HEIGHT] = {"height", COUNT, offsetof(struct event, height), 1, 65500, 0, "1..65500",
                "pixels that the viewer would like"},
    [RATIO] = {"ratio", REAL, offsetof(struct event, ratio), 0.1, 10, 1, "0.1..10",
               "device pixels a CSS pixel; 1 when left out"},
    [KEY] = {"key", TEXT, offsetof(struct event, key), 1, EVENT_KEY_MAX, 0, "1..32 bytes",
             "KeyboardEvent.key of the DOM, UTF-8"},
    [BUTTON] = {"button", COUNT, offsetof(struct event, button), 0, 5, 0, "0..5",
                "that changed: 1 left, 2 right, 3 middle, 0 none"},
    [BUTTONS] = {"buttons", COUNT, offsetof(struct event, buttons), 0, 31, 0, "0..31",
                 "held after the event: 1 left, 2 right, 4 middle"},
    [MODIFIERS] = {"modifiers", NAMES, offsetof(struct event, modifiers), 0, 15, 0, "names",
                   "of shift,ctrl,alt,meta, joined by commas"},
    [POINTER] = {"pointer", COUNT, offsetof(struct event, pointer), 0, UINT32_MAX, 0,
                 "0..4294967295", "which finger or pen; 0 is the mouse"},
    [NODE] = {"node", COUNT, offsetof(struct event, node), 0, UINT32_MAX, 0, "0..4294967295",
              "of a network: its row in the positions, from 0"},
    [NODE_X] = {"x", REAL, offsetof(struct event, x), -1e9, 1e9, 0, "+-1000000000",
                "of a node, in the units of the positions"},
    [NODE_Y] = {"y", REAL, offsetof(struct event, y), -1e9, 1e9, 0, "+-1000000000", "likewise"},
    [NODE_Z] = {"z", REAL, offsetof(struct event, z), -1e9, 1e9, 0, "+-1000000000",
                "likewise, in three dimensions"},
    [ON] = {"on", COUNT, offsetof(struct event, on), 0, 1, 0, "0..1",
            "1: the layout rests, 0: it goes on"},
    [VIEWER] = {"viewer", COUNT, offsetof(struct event, viewer), 0, UINT32_MAX, 0, "0..4294967295",
                "who made it; 0 is not a viewer"},
    [T] = {"t", TIME, offsetof(struct event, time_ns), 0, 9999999999, 0, "seconds",
           "CLOCK_MONOTONIC, to the nanosecond; now when left out"},
};

enum {
    KEYS = ARRAY_LENGTH(event_keys),
    ALL = BIT(VIEWER) | BIT(T),
    AT = BIT(X) | BIT(Y),
    HAND = BIT(BUTTON) | BIT(BUTTONS) | BIT(POINTER) | BIT(MODIFIERS) | ALL
};

static const struct {
    const char *name;
    uint32_t required, one_of, optional; /* keys, as bits */
} event_types[] = {
    [EVENT_POINTER_DOWN] = {"pointer_down", AT, 0, HAND},
    [EVENT_POINTER_UP] = {"pointer_up", AT, 0, HAND},
    [EVENT_POINTER_MOVE] = {"pointer_move", AT, 0, HAND},
    [EVENT_POINTER_ENTER] = {"pointer_enter", AT, 0, HAND},
    [EVENT_POINTER_LEAVE] = {"pointer_leave", AT, 0, HAND},
    [EVENT_DOUBLE_CLICK] = {"double_click", AT, 0, HAND},
    [EVENT_WHEEL] = {"wheel", 0, BIT(DX) | BIT(DY), AT | (HAND & ~BIT(BUTTON))},
    [EVENT_KEY_DOWN] = {"key_down", BIT(KEY), 0, BIT(MODIFIERS) | ALL},
    [EVENT_KEY_UP] = {"key_up", BIT(KEY), 0, BIT(MODIFIERS) | ALL},
    [EVENT_RESIZE] = {"resize", BIT(WIDTH) | BIT(HEIGHT), 0, BIT(RATIO) | ALL},
    [EVENT_NODE_DRAG] = {"node_drag", BIT(NODE) | BIT(NODE_X) | BIT(NODE_Y), 0, BIT(NODE_Z) | ALL},
    [EVENT_NODE_DROP] = {"node_drop", BIT(NODE), 0, ALL},
    [EVENT_LAYOUT_PAUSE] = {"layout_pause", BIT(ON), 0, ALL},
};

/* The first of a bit's names is the one that is written. */
static const struct {
    const char *name;
    uint32_t bit;
} modifier_names[] = {{"shift", EVENT_SHIFT}, {"ctrl", EVENT_CTRL},   {"alt", EVENT_ALT},
                      {"meta", EVENT_META},   {"Shift", EVENT_SHIFT}, {"Control", EVENT_CTRL},
                      {"Alt", EVENT_ALT},     {"Meta", EVENT_META}};
enum { MODIFIER_NAMES = ARRAY_LENGTH(modifier_names) };

static const double powers[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

static bool refuse(const char **why, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool refuse(const char **why, const char *format, ...)
{
    static _Thread_local char text[240];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    *why = text;
    return false;
}

/* What somebody wrote, fit for a message on a terminal. */
struct shown {
    char text[40];
};

static struct shown shown(const char *text, size_t bytes)
{
    struct shown s;
    size_t n = 0;
    for (; n < bytes && n < 32; n++)
        s.text[n] = text[n] >= ' ' && text[n] <= '~' ? text[n] : '?';
    snprintf(s.text + n, sizeof s.text - n, "%s", n < bytes ? "..." : "");
    return s;
}

static bool is_key(const char *text, size_t bytes)
{
    return bytes > 0 && bytes <= EVENT_KEY_MAX && utf8_printable(text, bytes);
}

const char *event_name(uint32_t type)
{
    return type < EVENT_TYPES ? event_types[type].name : NULL;
}

uint32_t event_type(const char *name)
{
    for (uint32_t type = 1; type < EVENT_TYPES; type++)
        if (!strcmp(event_types[type].name, name))
            return type;
    return 0;
}

static uint32_t keys_of(uint32_t type)
{
    if (!event_name(type))
        return 0;
    return event_types[type].required | event_types[type].one_of | event_types[type].optional;
}

/* Names stand for one key in each type: that one, or else any of that name, or KEYS. */
static unsigned find_key(uint32_t type, const char *name)
{
    unsigned any = KEYS;
    for (unsigned key = KEYS; key-- > 0;)
        if (!strcmp(event_keys[key].name, name)) {
            any = key;
            if (keys_of(type) & BIT(key))
                break;
        }
    return any;
}

uint32_t event_key_bit(uint32_t type, const char *key)
{
    unsigned k = find_key(type, key);
    return k < KEYS ? keys_of(type) & BIT(k) : 0;
}

void event_init(struct event *ev, uint32_t type)
{
    memset(ev, 0, sizeof *ev);
    ev->type = type;
    ev->ratio = 1;
}

/* Where a key's value stands; the caller knows whether it may write there. */
static void *field(const struct event *ev, unsigned key)
{
    return (char *)(uintptr_t)ev + event_keys[key].at;
}

static float *real_of(const struct event *ev, unsigned key)
{
    return field(ev, key);
}

static uint32_t *count_of(const struct event *ev, unsigned key)
{
    return field(ev, key);
}

/*
 * Decimal text → double, as strtod but for hexadecimal, infinities, NaN and blanks. Up to 15 digits
 * are a quotient of two exact doubles, which is rounded right too and much faster.
 */
static bool read_real(const char *text, double *out)
{
    const char *p = text + (*text == '-' || *text == '+');
    uint64_t digits = 0;
    unsigned count = 0, decimals = 0;
    for (; *p >= '0' && *p <= '9'; p++, count++)
        digits = digits * 10 + (uint64_t)(*p - '0');
    if (*p == '.')
        for (p++; *p >= '0' && *p <= '9'; p++, count++, decimals++)
            digits = digits * 10 + (uint64_t)(*p - '0');
    if (!*p && count && count <= 15) {
        *out = (double)digits / powers[decimals];
        if (*text == '-')
            *out = -*out;
        return true;
    }
    char *end;
    if (!count || text[strspn(text, "0123456789+-.eE")])
        return false;
    *out = strtod(text, &end);
    return !*end;
}

static bool read_count(const char *text, uint64_t *out)
{
    uint64_t n = 0;
    const char *p = text;
    for (; *p >= '0' && *p <= '9' && p - text < 12; p++)
        n = n * 10 + (uint64_t)(*p - '0');
    *out = n;
    return p > text && !*p;
}

/* Digits beyond the ninth decimal are left out. */
static bool read_time(const char *text, uint64_t *ns)
{
    uint64_t seconds = 0, part = 0;
    const char *p = text;
    for (; *p >= '0' && *p <= '9' && p - text < 10; p++)
        seconds = seconds * 10 + (uint64_t)(*p - '0');
    if (p == text || (*p && *p != '.'))
        return false;
    if (*p == '.') {
        const char *point = p++;
        for (; *p >= '0' && *p <= '9'; p++)
            if (p - point <= 9)
                part = part * 10 + (uint64_t)(*p - '0');
        if (p == point + 1 || *p)
            return false;
        for (ptrdiff_t n = p - point - 1; n < 9; n++)
            part *= 10;
    }
    *ns = seconds * 1000000000u + part;
    return true;
}

static bool read_modifiers(const char *text, uint32_t *out)
{
    uint32_t bits = 0;
    for (;;) {
        size_t n = strcspn(text, ",");
        unsigned i = 0;
        while (i < MODIFIER_NAMES &&
               (strncmp(modifier_names[i].name, text, n) || modifier_names[i].name[n]))
            i++;
        if (i == MODIFIER_NAMES)
            return false;
        bits |= modifier_names[i].bit;
        if (!text[n])
            break;
        text += n + 1;
    }
    *out = bits;
    return true;
}

static bool set_key(struct event *ev, unsigned key, const char *value, const char **why)
{
    const struct event_key *k = &event_keys[key];
    size_t bytes = strlen(value);
    double real = 0;
    uint64_t count = 0;
    bool ok = false;
    if (!bytes)
        return refuse(why, "%s has no value", k->name);
    switch (k->kind) {
    case REAL:
        ok = read_real(value, &real) && real >= k->low && real <= k->high;
        if (ok)
            *real_of(ev, key) = (float)real + 0.0f; /* no negative zero */
        break;
    case COUNT:
        ok = read_count(value, &count) && (double)count >= k->low && (double)count <= k->high;
        if (ok)
            *count_of(ev, key) = (uint32_t)count;
        break;
    case NAMES:
        ok = read_modifiers(value, &ev->modifiers);
        break;
    case TIME:
        ok = read_time(value, &ev->time_ns);
        break;
    case TEXT:
        ok = is_key(value, bytes);
        if (ok)
            memcpy(ev->key, value, bytes + 1);
        break;
    }
    if (!ok)
        refuse(why, "%s must be %s%s, not '%s'", k->name, kind_rules[k->kind],
               k->kind == REAL || k->kind == COUNT ? k->values : "", shown(value, bytes).text);
    return ok;
}

/* The key's number, or KEYS and why. */
static unsigned own_key(uint32_t type, const char *name, size_t bytes, const char **why)
{
    char copy[16];
    unsigned key = KEYS;
    if (bytes < sizeof copy) {
        memcpy(copy, name, bytes);
        copy[bytes] = 0;
        key = find_key(type, copy);
    }
    if (key < KEYS && (keys_of(type) & BIT(key)))
        return key;
    const char *event = event_name(type) ? event_name(type) : "no event";
    if (key < KEYS)
        refuse(why, "%s takes no %s", event, event_keys[key].name);
    else
        refuse(why, "unknown key '%s' for %s", shown(name, bytes).text, event);
    return KEYS;
}

bool event_set(struct event *ev, const char *key, const char *value, const char **why)
{
    unsigned k = own_key(ev->type, key, strlen(key), why);
    return k < KEYS && set_key(ev, k, value, why);
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)((at - digits) % 16) : -1;
}

bool event_set_word(struct event *ev, const char *word, size_t bytes, uint32_t *set,
                    const char **why)
{
    char value[EVENT_LINE_MAX];
    const char *equals = memchr(word, '=', bytes);
    if (!equals)
        return refuse(why, "'%s' is not key=value", shown(word, bytes).text);
    unsigned key = own_key(ev->type, word, (size_t)(equals - word), why);
    if (key == KEYS)
        return false;
    const char *name = event_keys[key].name;
    if (*set & BIT(key))
        return refuse(why, "%s is given twice", name);
    if (bytes > sizeof value)
        return refuse(why, "%s is too long", name);
    size_t n = 0;
    for (const char *p = equals + 1, *end = word + bytes; p < end; p++) {
        int high = -1, low = -1;
        if (*p == '%' && end - p > 2) {
            high = hex_digit(p[1]);
            low = hex_digit(p[2]);
        }
        if (*p == '%' && (high < 0 || low < 0))
            return refuse(why, "%s has a %% without two hexadecimal digits", name);
        value[n] = *p == '%' ? (char)(high * 16 + low) : *p;
        if (!value[n++])
            return refuse(why, "%s has a NUL byte", name);
        if (*p == '%')
            p += 2;
    }
    value[n] = 0;
    if (!set_key(ev, key, value, why))
        return false;
    *set |= BIT(key);
    return true;
}

bool event_complete(const struct event *ev, uint32_t set, const char **why)
{
    if (!event_name(ev->type))
        return refuse(why, "no event");
    uint32_t missing = event_types[ev->type].required & ~set;
    for (unsigned key = 0; key < KEYS; key++)
        if (missing & BIT(key))
            return refuse(why, "%s needs %s", event_name(ev->type), event_keys[key].name);
    if (event_types[ev->type].one_of && !(event_types[ev->type].one_of & set))
        return refuse(why, "%s needs dx or dy", event_name(ev->type));
    return true;
}

static bool valid_key(const struct event *ev, unsigned key)
{
    const struct event_key *k = &event_keys[key];
    switch (k->kind) {
    case REAL: /* compared as floats: 0.1f > 0.1 */
        return *real_of(ev, key) >= (float)k->low && *real_of(ev, key) <= (float)k->high;
    case TEXT:
        return is_key(ev->key, strnlen(ev->key, sizeof ev->key));
    case TIME:
        return (double)(ev->time_ns / 1000000000u) <= k->high;
    default:
        return *count_of(ev, key) >= k->low && *count_of(ev, key) <= k->high;
    }
}

bool event_valid(const struct event *ev)
{
    if (!event_name(ev->type))
        return false;
    for (unsigned key = 0; key < KEYS; key++)
        if ((keys_of(ev->type) & BIT(key)) && !valid_key(ev, key))
            return false;
    return true;
}

bool event_parse(const char *line, size_t bytes, struct event *ev, const char **why)
{
    const char *end = line + bytes;
    uint32_t set = 0;
    char name[16];
    if (bytes >= EVENT_LINE_MAX)
        return refuse(why, "longer than %d bytes", EVENT_LINE_MAX - 1);
    ev->type = 0;
    for (const char *p = line; p < end;) {
        const char *word = p;
        for (; p < end && *p != ' ' && *p != '\t'; p++)
            if ((unsigned char)*p < ' ' || *p == 0x7f)
                return refuse(why, "control character 0x%02x", (unsigned char)*p);
        size_t n = (size_t)(p - word);
        if (p < end)
            p++;
        if (!n)
            continue;
        if (ev->type) {
            if (!event_set_word(ev, word, n, &set, why))
                return false;
            continue;
        }
        snprintf(name, sizeof name, "%.*s", (int)(n < sizeof name ? n : 0), word);
        event_init(ev, event_type(name));
        if (!ev->type)
            return refuse(why, "unknown event '%s'", shown(word, n).text);
    }
    return ev->type ? event_complete(ev, set, why) : refuse(why, "no event");
}

/* A line that is being written; full once something didn't fit. */
struct line {
    char *out;
    size_t size, length;
    bool full;
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

/* Digits of n, at least width of them. */
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

/* The shortest text that read_real and a cast turn into the same float again. */
static void put_real(struct line *l, float x)
{
    double size = fabs((double)x);
    for (unsigned decimals = 0; size <= 1e6 && decimals <= 9; decimals++) {
        uint64_t n = (uint64_t)(size * powers[decimals] + 0.5);
        if ((float)((double)n / powers[decimals]) != (float)size)
            continue;
        if (x < 0)
            put(l, "-", 1);
        uint64_t unit = (uint64_t)powers[decimals];
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
    for (; *key; key++)
        if (json && (*key == '"' || *key == '\\')) {
            put(l, "\\", 1);
            put(l, key, 1);
        } else if (!json && (*key == ' ' || *key == '%')) {
            put_text(l, *key == ' ' ? "%20" : "%25");
        } else {
            put(l, key, 1);
        }
}

static void put_modifiers(struct line *l, uint32_t bits, bool json)
{
    const char *between = json ? "[\"" : "";
    for (unsigned i = 0; i < MODIFIER_NAMES && bits; i++) {
        if (!(bits & modifier_names[i].bit))
            continue;
        put_text(l, between);
        put_text(l, modifier_names[i].name);
        between = json ? "\",\"" : ",";
        bits &= ~modifier_names[i].bit;
    }
    if (json)
        put_text(l, "\"]");
}

static bool worth_writing(const struct event *ev, unsigned key)
{
    if (event_types[ev->type].required & BIT(key))
        return true;
    switch (event_keys[key].kind) {
    case REAL:
        /* A wheel step needs one of the two. */
        return *real_of(ev, key) != (float)event_keys[key].standard || (key == DY && ev->dx == 0);
    case TIME:
        return ev->time_ns != 0;
    default:
        return *count_of(ev, key) != 0;
    }
}

static void put_value(struct line *l, const struct event *ev, unsigned key, bool json)
{
    switch (event_keys[key].kind) {
    case REAL:
        put_real(l, *real_of(ev, key));
        break;
    case COUNT:
        put_count(l, *count_of(ev, key), 1);
        break;
    case NAMES:
        put_modifiers(l, ev->modifiers, json);
        break;
    case TEXT:
        put_text(l, json ? "\"" : "");
        put_key(l, ev->key, json);
        put_text(l, json ? "\"" : "");
        break;
    case TIME:
        put_time(l, ev->time_ns);
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
    put_text(&l, json ? "{\"type\":\"" : "");
    put_text(&l, event_name(ev->type));
    put_text(&l, json ? "\"" : "");
    for (unsigned key = 0; key < KEYS; key++) {
        if (!(keys_of(ev->type) & BIT(key)) || !worth_writing(ev, key))
            continue;
        put_text(&l, json ? ",\"" : " ");
        put_text(&l, event_keys[key].name);
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

/* FURY's id: 1 wheel, 2 move, 3 to 8 presses and releases of left, middle, right; 0: has none. */
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

bool event_coalesce(const struct event *a, struct event *b)
{
    if ((a->type != EVENT_POINTER_MOVE && a->type != EVENT_WHEEL) || a->type != b->type ||
        a->viewer != b->viewer || a->pointer != b->pointer || a->modifiers != b->modifiers ||
        a->buttons != b->buttons || a->button != b->button)
        return false;
    if (a->type == EVENT_WHEEL) {
        float dx = a->dx + b->dx, dy = a->dy + b->dy;
        if (!(fabsf(dx) <= 1e6f && fabsf(dy) <= 1e6f))
            return false;
        b->dx = dx;
        b->dy = dy;
    }
    return true;
}

static void put_keys(struct line *l, uint32_t keys, const char *before, const char *between,
                     const char *after)
{
    for (unsigned key = 0; key < KEYS; key++)
        if (keys & BIT(key)) {
            put_text(l, before);
            put_text(l, event_keys[key].name);
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
        uint32_t type = (uint32_t)line + 1;
        snprintf(text, sizeof text, "%-13s", event_name(type));
        put_text(&l, text);
        put_keys(&l, event_types[type].required, " ", " ", "");
        put_keys(&l, event_types[type].one_of, " ", "|", "");
        put_keys(&l, event_types[type].optional, " [", " [", "]");
    } else if (line >= EVENT_TYPES) {
        const struct event_key *k = &event_keys[line - EVENT_TYPES];
        snprintf(text, sizeof text, "%-9s %-13s %s", k->name, k->values, k->meaning);
        put_text(&l, text);
    }
    return end_line(&l); /* an empty line between the two tables */
}
