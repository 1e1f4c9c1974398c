#include "net/netcolour.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *name;
    uint32_t rgb;
} names[] = {
    {"black", 0x000000},   {"white", 0xffffff},  {"gray", 0x808080},   {"grey", 0x808080},
    {"silver", 0xc0c0c0},  {"red", 0xff0000},    {"maroon", 0x800000}, {"orange", 0xffa500},
    {"brown", 0xa52a2a},   {"yellow", 0xffff00}, {"gold", 0xffd700},   {"olive", 0x808000},
    {"lime", 0x00ff00},    {"green", 0x008000},  {"teal", 0x008080},   {"aqua", 0x00ffff},
    {"cyan", 0x00ffff},    {"blue", 0x0000ff},   {"navy", 0x000080},   {"fuchsia", 0xff00ff},
    {"magenta", 0xff00ff}, {"purple", 0x800080}, {"violet", 0xee82ee}, {"pink", 0xffc0cb}};

static void unpack(uint32_t from, uint8_t rgb[3])
{
    rgb[0] = (uint8_t)(from >> 16);
    rgb[1] = (uint8_t)(from >> 8);
    rgb[2] = (uint8_t)from;
}

bool netcolour_parse(const char *text, size_t bytes, uint8_t rgb[3])
{
    char digits[8] = "";
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strlen(names[i].name) == bytes && !strncasecmp(text, names[i].name, bytes)) {
            unpack(names[i].rgb, rgb);
            return true;
        }
    if ((bytes != 4 && bytes != 7) || *text != '#')
        return false;
    for (size_t i = 1; i < bytes; i++)
        if (!isxdigit((unsigned char)text[i]))
            return false;
    for (int i = 0; i < 6; i++)
        digits[i] = text[bytes == 7 ? 1 + i : 1 + i / 2];
    unpack((uint32_t)strtoul(digits, NULL, 16), rgb);
    return true;
}

/* M. Okabe, K. Ito: Color Universal Design, 2008. */
void netcolour_category(uint32_t category, uint8_t rgb[3])
{
    static const uint32_t palette[] = {0xe69f00, 0x56b4e9, 0x009e73, 0xcc79a7,
                                       0xf0e442, 0x0072b2, 0xd55e00, 0x999999};
    unpack(palette[category < NETCOLOUR_CATEGORIES ? category : NETCOLOUR_CATEGORIES], rgb);
}

/* The upper three quarters of matplotlib's viridis, which can be seen on dark and on light. */
void netcolour_scale(double share, uint8_t rgb[3])
{
    static const uint8_t stops[][3] = {{59, 82, 139},  {44, 113, 142}, {33, 145, 140},
                                       {40, 174, 128}, {94, 201, 98},  {173, 220, 48},
                                       {253, 231, 37}};
    enum { LAST = sizeof stops / sizeof stops[0] - 1 };
    double at = share > 0 ? share * LAST : 0;
    int low = at < LAST ? (int)at : LAST - 1;
    at = at < LAST ? at - low : 1;
    for (int i = 0; i < 3; i++)
        rgb[i] = (uint8_t)(stops[low][i] + (stops[low + 1][i] - stops[low][i]) * at + 0.5);
}
