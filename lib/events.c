#include "events.h"
#include "eventtable.h"
#include "utf8.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kind_rules[] = {
    [KEY_REAL] = "a number ",
    [KEY_COUNT] = "a whole number ",
    [KEY_NAMES] = "one or more of shift,ctrl,alt,meta",
    [KEY_TEXT] = "UTF-8 without control characters, ",
    [KEY_TIME] = "seconds like 12.034567890",
    [KEY_NUMBER] = "a ",
};

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

/* Input as it is quoted in a message: short, and safe to print on a terminal. */
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

static bool is_text(const struct event_key *key, const char *text, size_t bytes)
{
    return bytes > 0 && (double)bytes <= key->high && utf8_printable(text, bytes);
}

/* A name may belong to several keys, but to one of each type. Returns the type's key; if there is
 * none, another key of that name, or KEYS. */
static unsigned find_key(uint32_t type, const char *name)
{
    unsigned any = KEYS;
    uint32_t keys = event_keys(event_type_row(type));
    for (unsigned key = KEYS; key-- > 0;)
        if (!strcmp(event_key(key)->name, name)) {
            any = key;
            if (keys & KEY_BIT(key))
                break;
        }
    return any;
}

uint32_t event_key_bit(uint32_t type, const char *key)
{
    unsigned k = find_key(type, key);
    return k < KEYS ? event_keys(event_type_row(type)) & KEY_BIT(k) : 0;
}

void event_init(struct event *ev, uint32_t type)
{
    memset(ev, 0, sizeof *ev);
    ev->type = type;
    ev->ratio = 1;
}

/*
 * Decimal text to double, as strtod but without hexadecimal, infinities, NaN and blanks. Up to 15
 * digits are the quotient of two exact doubles, which is correctly rounded as well and much faster.
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
        *out = (double)digits / event_powers[decimals];
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
    for (; *p >= '0' && *p <= '9' && p - text < 19; p++)
        n = n * 10 + (uint64_t)(*p - '0');
    *out = n;
    return p > text && !*p;
}

/* Decimals after the ninth are dropped. */
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
        while (i < EVENT_MODIFIER_NAMES &&
               (strncmp(event_modifiers[i].name, text, n) || event_modifiers[i].name[n]))
            i++;
        if (i == EVENT_MODIFIER_NAMES)
            return false;
        bits |= event_modifiers[i].bit;
        if (!text[n])
            break;
        text += n + 1;
    }
    *out = bits;
    return true;
}

static bool set_key(struct event *ev, unsigned key, const char *value, const char **why)
{
    const struct event_key *k = event_key(key);
    size_t bytes = strlen(value);
    double real = 0;
    uint64_t count = 0;
    bool ok = false;
    if (!bytes)
        return refuse(why, "%s has no value", k->name);
    switch (k->kind) {
    case KEY_REAL:
        ok = read_real(value, &real) && real >= k->low && real <= k->high;
        if (ok)
            *event_real(ev, key) = (float)real + 0.0f; /* no negative zero */
        break;
    case KEY_COUNT:
        ok = read_count(value, &count) && (double)count >= k->low && (double)count <= k->high;
        if (ok)
            *event_count(ev, key) = (uint32_t)count;
        break;
    case KEY_NAMES:
        ok = read_modifiers(value, &ev->modifiers);
        break;
    case KEY_TIME:
        ok = read_time(value, &ev->time_ns);
        break;
    case KEY_NUMBER:
        ok = read_count(value, &count) && (double)count <= k->high;
        if (ok)
            ev->number = count;
        break;
    case KEY_TEXT:
        ok = is_text(k, value, bytes);
        if (ok)
            memcpy(ev->key, value, bytes + 1);
        break;
    }
    if (!ok)
        refuse(why, "%s must be %s%s, not '%s'", k->name, kind_rules[k->kind],
               k->kind == KEY_NAMES || k->kind == KEY_TIME ? "" : k->values,
               shown(value, bytes).text);
    return ok;
}

/* Number of the type's key of that name, or KEYS with the reason in *why. */
static unsigned own_key(uint32_t type, const char *name, size_t bytes, const char **why)
{
    char copy[16];
    unsigned key = KEYS;
    if (bytes < sizeof copy) {
        memcpy(copy, name, bytes);
        copy[bytes] = 0;
        key = find_key(type, copy);
    }
    if (key < KEYS && (event_keys(event_type_row(type)) & KEY_BIT(key)))
        return key;
    const char *event = event_name(type) ? event_name(type) : "no event";
    if (key < KEYS)
        refuse(why, "%s takes no %s", event, event_key(key)->name);
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
    const char *name = event_key(key)->name;
    if (*set & KEY_BIT(key))
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
    *set |= KEY_BIT(key);
    return true;
}

bool event_complete(const struct event *ev, uint32_t set, const char **why)
{
    const struct event_row *row = event_type_row(ev->type);
    if (!row->name)
        return refuse(why, "no event");
    uint32_t missing = row->required & ~set;
    for (unsigned key = 0; key < KEYS; key++)
        if (missing & KEY_BIT(key))
            return refuse(why, "%s needs %s", row->name, event_key(key)->name);
    if (row->one_of && !(row->one_of & set))
        return refuse(why, "%s needs dx or dy", row->name);
    return true;
}

static bool valid_key(const struct event *ev, unsigned key)
{
    const struct event_key *k = event_key(key);
    switch (k->kind) {
    case KEY_REAL: /* compared as floats: 0.1f > 0.1 */
        return *event_real(ev, key) >= (float)k->low && *event_real(ev, key) <= (float)k->high;
    case KEY_TEXT:
        return is_text(k, ev->key, strnlen(ev->key, sizeof ev->key));
    case KEY_TIME:
        return (double)(ev->time_ns / 1000000000u) <= k->high;
    case KEY_NUMBER:
        return (double)ev->number <= k->high;
    default:
        return *event_count(ev, key) >= k->low && *event_count(ev, key) <= k->high;
    }
}

bool event_valid(const struct event *ev)
{
    uint32_t keys = event_keys(event_type_row(ev->type));
    for (uint32_t left = keys; left; left &= left - 1)
        if (!valid_key(ev, key_first(left)))
            return false;
    return keys != 0;
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
