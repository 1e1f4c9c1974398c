/* A connection by WebSocket, see link.js. */

/* Close codes with which trying again at once would end the same way. */
const OURS = new Set([1002, 1003, 1007, 1008, 1009]);

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
            on.picture(data);
    };
    socket.onclose = ({code, reason}) => {
        const ours = OURS.has(code);
        on.lost(ours ? `the server refused what this page said (${reason || code})` : reason, ours);
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
