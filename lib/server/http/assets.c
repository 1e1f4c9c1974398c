#include "assets.h"
#include "memstream.h"
#include "server/stream/served.h"
#include "url.h"
#include "utf8.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* web.S */
extern const char web_index_html[], web_index_html_end[];
extern const char web_page_css[], web_page_css_end[];
extern const char web_page_js[], web_page_js_end[];
extern const char web_list_css[], web_list_css_end[];
extern const char web_list_js[], web_list_js_end[];
extern const char web_connection_js[], web_connection_js_end[];
extern const char web_socket_js[], web_socket_js_end[];
extern const char web_rtc_js[], web_rtc_js_end[];
extern const char web_mjpeg_js[], web_mjpeg_js_end[];
extern const char web_view_js[], web_view_js_end[];
extern const char web_video_js[], web_video_js_end[];
extern const char web_jpeg_js[], web_jpeg_js_end[];
extern const char web_input_js[], web_input_js_end[];
extern const char web_keys_js[], web_keys_js_end[];
extern const char web_gestures_js[], web_gestures_js_end[];
extern const char web_stats_js[], web_stats_js_end[];
extern const char web_control_js[], web_control_js_end[];
extern const char web_save_js[], web_save_js_end[];
extern const char web_writers_js[], web_writers_js_end[];
extern const char web_reload_js[], web_reload_js_end[];
extern const char web_icon_svg[], web_icon_svg_end[];

static const struct asset files[] = {
    {"", "text/html; charset=utf-8", web_index_html, web_index_html_end},
    {"page.css", "text/css; charset=utf-8", web_page_css, web_page_css_end},
    {"page.js", "text/javascript; charset=utf-8", web_page_js, web_page_js_end},
    {"list.css", "text/css; charset=utf-8", web_list_css, web_list_css_end},
    {"list.js", "text/javascript; charset=utf-8", web_list_js, web_list_js_end},
    {"connection.js", "text/javascript; charset=utf-8", web_connection_js, web_connection_js_end},
    {"socket.js", "text/javascript; charset=utf-8", web_socket_js, web_socket_js_end},
    {"rtc.js", "text/javascript; charset=utf-8", web_rtc_js, web_rtc_js_end},
    {"mjpeg.js", "text/javascript; charset=utf-8", web_mjpeg_js, web_mjpeg_js_end},
    {"view.js", "text/javascript; charset=utf-8", web_view_js, web_view_js_end},
    {"video.js", "text/javascript; charset=utf-8", web_video_js, web_video_js_end},
    {"jpeg.js", "text/javascript; charset=utf-8", web_jpeg_js, web_jpeg_js_end},
    {"input.js", "text/javascript; charset=utf-8", web_input_js, web_input_js_end},
    {"keys.js", "text/javascript; charset=utf-8", web_keys_js, web_keys_js_end},
    {"gestures.js", "text/javascript; charset=utf-8", web_gestures_js, web_gestures_js_end},
    {"stats.js", "text/javascript; charset=utf-8", web_stats_js, web_stats_js_end},
    {"control.js", "text/javascript; charset=utf-8", web_control_js, web_control_js_end},
    {"save.js", "text/javascript; charset=utf-8", web_save_js, web_save_js_end},
    {"writers.js", "text/javascript; charset=utf-8", web_writers_js, web_writers_js_end},
    {"reload.js", "text/javascript; charset=utf-8", web_reload_js, web_reload_js_end},
    {"icon.svg", "image/svg+xml", web_icon_svg, web_icon_svg_end},
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

/* Opens a memstream and writes the first lines of a page. */
static FILE *begin_page(const char *title, char **text, size_t *bytes)
{
    FILE *to = open_memstream(text, bytes);
    if (to)
        fprintf(to,
                "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                "<meta name=\"color-scheme\" content=\"dark light\">\n<title>%s</title>\n",
                title);
    return to;
}

char *assets_list(const struct streams *streams, size_t *bytes)
{
    char *text = NULL;
    FILE *to = begin_page("shmcast", &text, bytes);
    if (!to)
        return NULL;
    fputs("<link rel=\"icon\" href=\"icon.svg\" type=\"image/svg+xml\">\n"
          "<link rel=\"stylesheet\" href=\"page.css\">\n"
          "<link rel=\"stylesheet\" href=\"list.css\">\n"
          "<script src=\"reload.js\"></script>\n"
          "<script src=\"list.js\" type=\"module\"></script>\n</head>\n"
          "<body class=\"list\">\n<main>\n<div class=\"top\">\n"
          "<img src=\"icon.svg\" alt=\"\" width=\"28\" height=\"28\">\n<h1>Streams</h1>\n"
          "<p id=\"status\" role=\"status\"></p>\n</div>\n<ul id=\"streams\">\n",
          to);
    for (size_t i = 0; i < streams->listed; i++) {
        const struct served *served = &streams->list[i];
        char url[URL_NAME_MAX];
        if (!served->reader.stream)
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

char *assets_token_form(const char *line, size_t *bytes)
{
    char *text = NULL;
    FILE *to = begin_page("Token required", &text, bytes);
    if (!to)
        return NULL;
    fputs("<link rel=\"icon\" href=\"data:,\">\n"
          "<style>\n"
          "body { max-width: 26rem; margin: 15vh auto; padding: 0 1rem;"
          " font: 16px/1.5 system-ui, sans-serif; }\n"
          "h1 { font-size: 1.3rem; }\n"
          "input, button { box-sizing: border-box; width: 100%; padding: .6rem; font: inherit; }\n"
          "button { margin-top: .8rem; }\n"
          "</style>\n</head>\n<body>\n<main>\n<h1>Token required</h1>\n<p role=\"status\">",
          to);
    html_text(to, line);
    fputs("</p>\n<form>\n<input autocomplete=\"username\" value=\"shmcast\" hidden>\n<label "
          "for=\"token\">Token</label>\n"
          "<input id=\"token\" name=\"token\" type=\"password\" required autofocus"
          " autocomplete=\"current-password\" autocapitalize=\"off\" spellcheck=\"false\">\n"
          "<button>Open</button>\n</form>\n</main>\n</body>\n</html>\n",
          to);
    return memstream_end(to, &text);
}
