/* The page's files, as they are, in the program. Paths are relative to the repository's root. */
        .section .rodata
        .macro  file symbol, path
        .global \symbol, \symbol\()_end
\symbol:
        .incbin "\path"
\symbol\()_end:
        .byte 0
        .endm

        file    page_index_html, "lib/server/web/index.html"
        file    page_page_css, "lib/server/web/page.css"
        file    page_page_js, "lib/server/web/page.js"
        file    page_list_css, "lib/server/web/list.css"
        file    page_list_js, "lib/server/web/list.js"
        file    page_connection_js, "lib/server/web/connection.js"
        file    page_socket_js, "lib/server/web/socket.js"
        file    page_rtc_js, "lib/server/web/rtc.js"
        file    page_mjpeg_js, "lib/server/web/mjpeg.js"
        file    page_view_js, "lib/server/web/view.js"
        file    page_video_js, "lib/server/web/video.js"
        file    page_jpeg_js, "lib/server/web/jpeg.js"
        file    page_input_js, "lib/server/web/input.js"
        file    page_gestures_js, "lib/server/web/gestures.js"
        file    page_stats_js, "lib/server/web/stats.js"
        file    page_control_js, "lib/server/web/control.js"
        file    page_save_js, "lib/server/web/save.js"
        file    page_writers_js, "lib/server/web/writers.js"
        file    page_icon_svg, "lib/server/web/icon.svg"

        .section .note.GNU-stack, "", @progbits
