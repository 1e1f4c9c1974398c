/*
 * The WebSocket: comes back by itself after a loss, pings, knows the server's clock, and finds out
 * why it was not let in.
 */
const DEAF_MS = 10000; /* without any message, though we ping */
const PING_MS = 2000;
const STEADY_MS = 5000; /* a connection that lasted this long was a good one */
const RETRY_MS = {first: 250, last: 5000, refused: 30000};

/* What an answer to a plain request tells of a handshake that failed; browsers keep it back. */
const REFUSALS = {
    401: ['No entry', 'This server asks for a token: open the address with ?token=…'],
    403: ['No entry', 'This server does not let this page or this token in.'],
    410: ['Removed', 'The stream is gone; should it come back, so does the picture.'],
    429: ['Full', 'The server takes no more connections from here for now.'],
    503: ['Full', 'The server has as many viewers as it takes.'],
    200: ['No WebSocket', 'The server answers, but gives no WebSocket: it is full, or a proxy does not pass it on.'],
};

/* Close codes with which trying again at once would end the same way. */
const OURS = new Set([1002, 1003, 1007, 1008, 1009]);

/*
 * here: the URL of the page's folder. on: what is called: open(), picture(ArrayBuffer),
 * message(object), lost(text), refused(title, text).
 */
export function createLink(here, on)
{
    let socket = null;
    let tries = 0;
    let retry = 0;    /* timer */
    let opened = 0;   /* when; 0: not yet */
    let heard = 0;    /* when the server was last heard of */
    let pinged = 0;
    let paused = false;
    const clock = []; /* the last few {trip, offset}, ms */

    function connect()
    {
        clearTimeout(retry);
        retry = opened = 0;
        const url = new URL(`ws${location.search}`, here);
        url.protocol = url.protocol.replace('http', 'ws');
        socket = new WebSocket(url);
        socket.binaryType = 'arraybuffer';
        heard = performance.now();
        socket.onopen = () => {
            opened = heard = performance.now();
            clock.length = 0;
            on.open();
            ping();
        };
        socket.onmessage = ({data}) => {
            heard = performance.now();
            if (typeof data !== 'string') {
                on.picture(data);
                return;
            }
            const message = JSON.parse(data);
            if (message.type === 'pong')
                setClock(message);
            on.message(message);
        };
        socket.onclose = e => lose(e.code, e.reason);
    }

    function drop()
    {
        if (!socket)
            return;
        socket.onopen = socket.onmessage = socket.onclose = null;
        socket.close();
        socket = null;
    }

    /* The connection is gone, or given up: what it still says no longer matters. */
    function lose(code, reason)
    {
        const was = opened;
        drop();
        if (was && performance.now() - was > STEADY_MS && !OURS.has(code))
            tries = 0;
        on.lost(OURS.has(code) ? `the server refused what this page said (${reason || code})` : reason);
        const wait = Math.min(RETRY_MS.last, RETRY_MS.first * 2 ** tries++);
        again(wait);
        if (!was)
            explain();
    }

    function again(wait)
    {
        clearTimeout(retry);
        retry = setTimeout(connect, wait * (0.75 + Math.random() / 2));
    }

    async function explain()
    {
        const waits = retry;
        let status = 0;
        try {
            const answer = await fetch(new URL(`stats${location.search}`, here),
                                       {cache: 'no-store', signal: AbortSignal.timeout(4000)});
            status = answer.status;
        } catch {
            return; /* nobody listens */
        }
        /* The first time the server may just have come. */
        if (retry !== waits || !REFUSALS[status] || (status === 200 && tries < 3))
            return;
        on.refused(...REFUSALS[status]);
        if (status === 401 || status === 403)
            again(RETRY_MS.refused);
    }

    function send(message)
    {
        if (socket?.readyState === WebSocket.OPEN)
            socket.send(JSON.stringify(message));
    }

    /* Returns the t that the pong will have. */
    function ping()
    {
        const t = pinged = performance.now();
        send({type: 'ping', t});
        return t;
    }

    function setClock({t, now})
    {
        const at = performance.now();
        clock.push({trip: at - t, offset: now * 1000 + (at - t) / 2 - at});
        if (clock.length > 8)
            clock.shift();
        else if (clock.length < 3) /* the very first may have met a busy start */
            ping();
    }

    return {
        connect,
        send,
        ping,
        isOpen: () => socket?.readyState === WebSocket.OPEN,

        /* What to add to performance.now() for the server's clock, ms, by the quickest of the last
         * pings; undefined when it isn't known yet. */
        clockOffset: () => clock.reduce((a, b) => (b.trip < a.trip ? b : a), clock[0] ?? {}).offset,

        /* Once a second while somebody looks. */
        tick()
        {
            const now = performance.now();
            if (socket && now - heard > DEAF_MS)
                lose(0, 'the server does not answer');
            else if (now - pinged > PING_MS - 500)
                ping();
        },

        /* Nobody looks: a connection would cost the server and the encoder. */
        pause()
        {
            paused = true;
            clearTimeout(retry);
            retry = 0;
            drop();
        },

        /* Somebody looks again, or the network is back: no waiting. */
        hurry()
        {
            heard = performance.now();
            if (retry || paused)
                connect();
            paused = false;
        },
    };
}
