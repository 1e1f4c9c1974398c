/* The WebSocket transport, see connection.js. */

/* Close codes after which an immediate new attempt would end the same way. */
const FINAL = new Set([1002, 1003, 1007, 1008, 1009]);

export function openSocket(here, on)
{
    const url = new URL(`ws${location.search}`, here);
    url.protocol = url.protocol.replace('http', 'ws');
    const socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => on.open({name: 'WebSocket'});
    socket.onmessage = ({data}) => {
        if (typeof data === 'string')
            on.message(data);
        else
            on.packet(data);
    };
    socket.onclose = ({code, reason}) => {
        const final = FINAL.has(code);
        on.lost(final ? `the server refused a message of this page (${reason || code})` : reason, final);
    };

    return {
        answers: true,

        send(text)
        {
            if (socket.readyState === WebSocket.OPEN)
                socket.send(text);
        },

        close()
        {
            socket.onopen = socket.onmessage = socket.onclose = null;
            socket.close();
        },
    };
}
