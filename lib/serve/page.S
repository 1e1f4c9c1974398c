/* The page's files, as they are, in the program. Paths are relative to the repository's root. */
        .section .rodata
        .macro  file symbol, path
        .global \symbol, \symbol\()_end
\symbol:
        .incbin "\path"
\symbol\()_end:
        .byte 0
        .endm

        file    page_index_html, "lib/serve/page/index.html"
        file    page_page_css, "lib/serve/page/page.css"
        file    page_page_js, "lib/serve/page/page.js"
        file    page_list_css, "lib/serve/page/list.css"
        file    page_list_js, "lib/serve/page/list.js"
        file    page_link_js, "lib/serve/page/link.js"
        file    page_socket_js, "lib/serve/page/socket.js"
        file    page_rtc_js, "lib/serve/page/rtc.js"
        file    page_mjpeg_js, "lib/serve/page/mjpeg.js"
        file    page_view_js, "lib/serve/page/view.js"
        file    page_video_js, "lib/serve/page/video.js"
        file    page_jpeg_js, "lib/serve/page/jpeg.js"
        file    page_input_js, "lib/serve/page/input.js"
        file    page_fingers_js, "lib/serve/page/fingers.js"
        file    page_numbers_js, "lib/serve/page/numbers.js"
        file    page_steer_js, "lib/serve/page/steer.js"
        file    page_icon_svg, "lib/serve/page/icon.svg"

        .section .note.GNU-stack, "", @progbits
