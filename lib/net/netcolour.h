/* Colours from values: names and #rrggbb, categories and scales that colour-blind people can
 * distinguish. */
#ifndef SHMCAST_NETCOLOUR_H
#define SHMCAST_NETCOLOUR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NETCOLOUR_CATEGORIES = 7 };

/* Converts #rgb, #rrggbb or a name. false: it is no colour. */
bool netcolour_parse(const char *text, size_t bytes, uint8_t rgb[3]);

/* The colour of a category; grey from NETCOLOUR_CATEGORIES on. */
void netcolour_category(uint32_t category, uint8_t rgb[3]);

/* The colour of a share 0 … 1 of a scale. */
void netcolour_scale(double share, uint8_t rgb[3]);

#endif
