#include "theme.h"
#include <stddef.h>
#include <string.h>

static const struct theme themes[] = {
    {.name = "dark",
     .middle = {0.085f, 0.098f, 0.140f},
     .rim = {0.030f, 0.034f, 0.052f},
     .hue = {{91, 157, 255},
             {255, 159, 69},
             {79, 209, 165},
             {242, 99, 126},
             {181, 140, 255},
             {247, 209, 84},
             {85, 201, 234},
             {255, 123, 194},
             {155, 214, 91},
             {214, 164, 116},
             {127, 140, 255},
             {255, 130, 102},
             {63, 193, 201},
             {212, 179, 255},
             {227, 224, 138},
             {143, 184, 201}},
     .isolated = {120, 128, 148},
     .text = {238, 241, 248},
     .halo = {9, 11, 17},
     .panel = {22, 26, 38, 235},
     .line = {120, 134, 170, 130},
     .ink = 1,
     .shade = 0.62f},
    {.name = "light",
     .middle = {0.995f, 0.995f, 1.0f},
     .rim = {0.905f, 0.918f, 0.945f},
     .hue = {{47, 111, 222},
             {226, 118, 27},
             {23, 147, 107},
             {209, 52, 79},
             {124, 77, 219},
             {196, 148, 10},
             {20, 136, 176},
             {201, 62, 147},
             {90, 146, 22},
             {138, 90, 43},
             {76, 85, 216},
             {217, 85, 58},
             {12, 139, 146},
             {155, 107, 211},
             {140, 138, 31},
             {85, 124, 145}},
     .isolated = {150, 157, 172},
     .text = {24, 28, 40},
     .halo = {250, 251, 254},
     .panel = {255, 255, 255, 240},
     .line = {90, 104, 140, 120},
     .ink = 1.15f,
     .shade = 0.35f},
};

const struct theme *theme_find(const char *name)
{
    for (size_t i = 0; i < sizeof themes / sizeof themes[0]; i++)
        if (!strcmp(themes[i].name, name))
            return &themes[i];
    return NULL;
}

const struct theme *theme_other(const struct theme *theme)
{
    return theme == &themes[0] ? &themes[1] : &themes[0];
}
