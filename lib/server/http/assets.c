#include "assets.h"
#include "memstream.h"
#include "server/stream/served.h"
#include "url.h"
#include "utf8.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* web.S */
extern const char page_index_html[], page_index_html_end[];
extern const char page_page_css[], page_page_css_end[];
extern const char page_page_js[], page_page_js_end[];
extern const char page_list_css[], page_list_css_end[];
extern const char page_list_js[], page_list_js_end[];
extern const char page_connection_js[], page_connection_js_end[];
extern const char page_socket_js[], page_socket_js_end[];
extern const char page_rtc_js[], page_rtc_js_end[];
extern const char page_mjpeg_js[], page_mjpeg_js_end[];
extern const char page_view_js[], page_view_js_end[];
extern const char page_video_js[], page_video_js_end[];
extern const char page_jpeg_js[], page_jpeg_js_end[];
extern const char page_input_js[], page_input_js_end[];
extern const char page_gestures_js[], page_gestures_js_end[];
extern const char page_stats_js[], page_stats_js_end[];
extern const char page_control_js[], page_control_js_end[];
extern const char page_save_js[], page_save_js_end[];
extern const char page_writers_js[], page_writers_js_end[];
extern const char page_icon_svg[], page_icon_svg_end[];

static const struct asset files[] = {
    {"", "text/html; charset=utf-8", page_index_html, page_index_html_end},
    {"page.css", "text/css; charset=utf-8", page_page_css, page_page_css_end},
    {"page.js", "text/javascript; charset=utf-8", page_page_js, page_page_js_end},
    {"list.css", "text/css; charset=utf-8", page_list_css, page_list_css_end},
    {"list.js", "text/javascript; charset=utf-8", page_list_js, page_list_js_end},
    {"connection.js", "text/javascript; charset=utf-8", page_connection_js, page_connection_js_end},
    {"socket.js", "text/javascript; charset=utf-8", page_socket_js, page_socket_js_end},
    {"rtc.js", "text/javascript; charset=utf-8", page_rtc_js, page_rtc_js_end},
    {"mjpeg.js", "text/javascript; charset=utf-8", page_mjpeg_js, page_mjpeg_js_end},
    {"view.js", "text/javascript; charset=utf-8", page_view_js, page_view_js_end},
    {"video.js", "text/javascript; charset=utf-8", page_video_js, page_video_js_end},
    {"jpeg.js", "text/javascript; charset=utf-8", page_jpeg_js, page_jpeg_js_end},
    {"input.js", "text/javascript; charset=utf-8", page_input_js, page_input_js_end},
    {"gestures.js", "text/javascript; charset=utf-8", page_gestures_js, page_gestures_js_end},
    {"stats.js", "text/javascript; charset=utf-8", page_stats_js, page_stats_js_end},
    {"control.js", "text/javascript; charset=utf-8", page_control_js, page_control_js_end},
    {"save.js", "text/javascript; charset=utf-8", page_save_js, page_save_js_end},
    {"writers.js", "text/javascript; charset=utf-8", page_writers_js, page_writers_js_end},
    {"icon.svg", "image/svg+xml", page_icon_svg, page_icon_svg_end},
};

const struct asset *assets_find(const char *name)
{
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        if (strcmp(files[i].name, name) == 0)
            return &files[i];
    return NULL;
}

static void html_text(FILE *to, const char *text)
{
    if (!utf8_valid(text, strlen(text))) {
        fputs("(a name that isn't UTF-8)", to);
        return;
    }
    for (; *text; text++)
        switch (*text) {
        case '&':
            fputs("&amp;", to);
            break;
        case '<':
            fputs("&lt;", to);
            break;
        case '>':
            fputs("&gt;", to);
            break;
        default:
            putc(*text, to);
        }
}

char *assets_list(const struct streams *streams, size_t *bytes)
{
    char *text = NULL;
    FILE *to = open_memstream(&text, bytes);
    if (!to)
        return NULL;
    fputs("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<meta name=\"color-scheme\" content=\"dark light\">\n<title>shmcast</title>\n"
          "<link rel=\"icon\" href=\"icon.svg\" type=\"image/svg+xml\">\n"
          "<link rel=\"stylesheet\" href=\"page.css\">\n"
          "<link rel=\"stylesheet\" href=\"list.css\">\n"
          "<script src=\"list.js\" type=\"module\"></script>\n</head>\n"
          "<body class=\"list\">\n<main>\n<div class=\"top\">\n"
          "<img src=\"icon.svg\" alt=\"\" width=\"28\" height=\"28\">\n<h1>Streams</h1>\n"
          "<p id=\"status\" role=\"status\"></p>\n</div>\n<ul id=\"streams\">\n",
          to);
    for (size_t i = 0; i < streams->listed; i++) {
        const struct served *served = &streams->list[i];
        char url[URL_NAME_MAX];
        if (!served->stream)
            continue;
        url_encode(served->name, url);
        /* without scripts, a snapshot */
        fprintf(to,
                "<li><a href=\"%s/\"><span class=\"thumb\"><noscript>"
                "<img src=\"%s/snapshot.jpg\" alt=\"\"></noscript></span><span class=\"name\">",
                url, url);
        html_text(to, served->name);
        fputs("</span> <span class=\"facts\"></span></a></li>\n", to);
    }
    fputs("</ul>\n</main>\n</body>\n</html>\n", to);
    return memstream_end(to, &text);
}
