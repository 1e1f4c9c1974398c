/* The page's files, as they are, in the program. Paths are relative to the repository's root. */
        .section .rodata
        .macro  file symbol, path
        .global \symbol, \symbol\()_end
\symbol:
        .incbin "\path"
\symbol\()_end:
        .byte 0
        .endm

        file    page_index_html, "cmd/ws-serve/page/index.html"
        file    page_page_css, "cmd/ws-serve/page/page.css"
        file    page_page_js, "cmd/ws-serve/page/page.js"
        file    page_list_css, "cmd/ws-serve/page/list.css"
        file    page_list_js, "cmd/ws-serve/page/list.js"
        file    page_link_js, "cmd/ws-serve/page/link.js"
        file    page_view_js, "cmd/ws-serve/page/view.js"
        file    page_jpeg_js, "cmd/ws-serve/page/jpeg.js"
        file    page_input_js, "cmd/ws-serve/page/input.js"
        file    page_fingers_js, "cmd/ws-serve/page/fingers.js"
        file    page_numbers_js, "cmd/ws-serve/page/numbers.js"
        file    page_steer_js, "cmd/ws-serve/page/steer.js"
        file    page_icon_svg, "cmd/ws-serve/page/icon.svg"

        .section .note.GNU-stack, "", @progbits
