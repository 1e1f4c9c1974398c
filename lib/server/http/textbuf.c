#include "textbuf.h"
#include "server/stream/message.h"
#include <stdlib.h>
#include <string.h>

int textbuf_add(struct textbuf *buffer, const char *data, size_t bytes)
{
    if (buffer->bytes + bytes > buffer->room) {
        size_t room = 2 * (buffer->bytes + bytes);
        if (room > MESSAGE_BYTES)
            room = MESSAGE_BYTES;
        char *text = realloc(buffer->text, room);
        if (!text)
            return -1;
        buffer->text = text;
        buffer->room = room;
    }
    if (bytes)
        memcpy(buffer->text + buffer->bytes, data, bytes);
    buffer->bytes += bytes;
    return 0;
}

void textbuf_free(struct textbuf *buffer)
{
    free(buffer->text);
    *buffer = (struct textbuf){0};
}
