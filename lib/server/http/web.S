/* The built-in page's files, embedded unchanged. Paths are relative to the repository's root. */
        .section .rodata
        .macro  file symbol, path
        .global \symbol, \symbol\()_end
\symbol:
        .incbin "\path"
\symbol\()_end:
        .byte 0
        .endm

        file    web_index_html, "lib/server/web/index.html"
        file    web_page_css, "lib/server/web/page.css"
        file    web_page_js, "lib/server/web/page.js"
        file    web_list_css, "lib/server/web/list.css"
        file    web_list_js, "lib/server/web/list.js"
        file    web_connection_js, "lib/server/web/connection.js"
        file    web_socket_js, "lib/server/web/socket.js"
        file    web_rtc_js, "lib/server/web/rtc.js"
        file    web_mjpeg_js, "lib/server/web/mjpeg.js"
        file    web_view_js, "lib/server/web/view.js"
        file    web_video_js, "lib/server/web/video.js"
        file    web_jpeg_js, "lib/server/web/jpeg.js"
        file    web_input_js, "lib/server/web/input.js"
        file    web_keys_js, "lib/server/web/keys.js"
        file    web_gestures_js, "lib/server/web/gestures.js"
        file    web_stats_js, "lib/server/web/stats.js"
        file    web_control_js, "lib/server/web/control.js"
        file    web_save_js, "lib/server/web/save.js"
        file    web_writers_js, "lib/server/web/writers.js"
        file    web_reload_js, "lib/server/web/reload.js"
        file    web_icon_svg, "lib/server/web/icon.svg"

        .section .note.GNU-stack, "", @progbits
