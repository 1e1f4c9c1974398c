/*
 * The connection to the server: reconnects after a loss, pings, keeps the server's clock, and finds
 * out why the server refused it.
 *
 * It uses the first transport that opens: WebRTC where the server has it, else a WebSocket; MJPEG only
 * where the page's address asks for it. A transport is opened by open(here, on, info), info being the
 * server's stats, and has send(text), close(), and measure() if there is something to measure;
 * answers is true if the server replies to messages, watched if the connection stays open after the server
 * was killed. It calls on.open({name, details}), on.packet(ArrayBuffer) or on.media(MediaStream),
 * on.message(text), on.measured(values) and on.lost(reason, final); final: a new attempt
 * would end the same way.
 */
import {openSocket} from './socket.js';
import {canRtc, openRtc} from './rtc.js';
import {openMjpeg} from './mjpeg.js';

export const TRANSPORTS = {webrtc: openRtc, ws: openSocket, mjpeg: openMjpeg};

const UNANSWERED_MS = 10000; /* without any message although we ping: the connection is lost */
const SILENT_MS = 3500;      /* the same, if another server on the same port answers by HTTP */
const DOUBT_MS = 400;        /* without any message over WebRTC: ping; as long again after that: ask by HTTP */
const WATCH_MS = 200;
const CHECK_MS = 1000;       /* between such requests */
const PING_MS = 2000;
const STABLE_MS = 5000;      /* a connection that lasted this long counts as a good one */
const SHORT_MAX = 2;         /* short WebRTC connections, after which WebRTC is not tried again */
const BLANK_MS = {first: 5000, last: 80000}; /* without a picture after a fallback: try WebRTC again */
const RETRY_MS = {first: 250, last: 5000, refused: 30000};
const REQUEST_MS = 4000;

/* By the status of a plain request: browsers do not report why a handshake failed. */
const REFUSALS = {
    401: ['No access', 'This server requires a token: reload this page to enter one.'],
    403: ['No access', 'This server refuses this page or this token.'],
    410: ['Removed', 'The picture returns when the stream is created again.'],
    429: ['Full', 'The server accepts no more connections from this address for now.'],
    503: ['Full', 'The server has reached its limit of viewers.'],
    200: ['No WebSocket', 'The server answers but opens no WebSocket: it is full, or a proxy does not forward WebSockets.'],
};

/* Browsers name the page's origin in their handshake, and the server compares it with Host. */
function hostRefusal({host})
{
    return host !== undefined && host !== location.host &&
        ['Refused', `A proxy changes the header Host of requests to ${host || 'nothing'}: ` +
            `let it pass on ${location.host}, or start the server with --origin ${location.origin}`];
}

/*
 * here: URL of the page's folder; wanted: a key of TRANSPORTS or undefined. Calls on.stats(the server's
 * stats of the stream); on.open({name, details, fallback}), fallback being why an available WebRTC is
 * not used; on.packet, on.media (null: no more) and on.measured as above; on.message(object),
 * on.lost(reason) and on.refused(title, hint).
 */
export function createConnection(here, wanted, on)
{
    let transport = null;
    let untried = [];     /* transports that are left */
    let fallback = '';
    let info = {};        /* the server's stats */
    let attempt = 0;      /* number of the transport, or of the request before it */
    let shortLived = 0;   /* WebRTC connections in a row that did not last */
    let blank = 0;        /* fallbacks in a row that showed no picture */
    let seen = false;     /* this connection brought a packet */
    let tries = 0;
    let retryTimer = 0;
    let openedAt = 0;     /* 0: not open */
    let heardAt = 0;      /* time of the latest message */
    let checkedAt = 0;    /* time of the latest check of a silent server */
    let watcher = 0;      /* interval */
    let viewer = 0;       /* our viewer number */
    let server = '';      /* the server's number: several may share a port */
    let pingedAt = 0;
    let paused = false;
    const clock = [];     /* latest {roundTrip, offset}, ms */

    /* {status: 0} when there is no answer. */
    async function requestInfo()
    {
        try {
            const answer = await fetch(new URL(`stats${location.search}`, here),
                                       {cache: 'no-store', signal: AbortSignal.timeout(REQUEST_MS)});
            return {status: answer.status, answered: answer.ok ? await answer.json() : {}};
        } catch (error) {
            /* A time-out may only mean that the browser has too many requests to this server. */
            return {status: error.name === 'TimeoutError' ? 200 : 0, answered: {}};
        }
    }

    function usable({transports = []})
    {
        if (wanted === 'mjpeg')
            return ['mjpeg'];
        const rtc = wanted !== 'ws' && canRtc && shortLived < SHORT_MAX && transports.includes('webrtc');
        return rtc ? ['webrtc', 'ws'] : ['ws'];
    }

    async function connect()
    {
        clearTimeout(retryTimer);
        retryTimer = openedAt = 0;
        heardAt = performance.now();
        fallback = '';
        untried = [];
        const mine = ++attempt;
        const {status, answered} = await requestInfo();
        if (mine !== attempt)
            return;
        if (status !== 200) {
            retryLater('');
            refuse(status);
            return;
        }
        info = answered;
        on.stats(info);
        untried = usable(info);
        open(untried.shift());
    }

    function open(kind)
    {
        const mine = ++attempt;
        /* Ignores what an abandoned transport still reports. */
        const current = act => (...args) => mine === attempt && act(...args);
        heardAt = performance.now();
        seen = false;
        const lost = (reason, final) => {
            if (kind === 'webrtc' && openedAt)
                shortLived = performance.now() - openedAt > STABLE_MS ? 0 : shortLived + 1;
            if (kind === 'webrtc' && !openedAt)
                fallback = reason;
            lose(reason, final);
        };
        const listeners = {
            open: current(({name, details}) => {
                openedAt = heardAt = performance.now();
                clock.length = 0;
                on.open({name, details, fallback});
                ping();
                if (transport.watched)
                    watcher = setInterval(watch, WATCH_MS);
            }),
            packet: current(buffer => {
                seen = true;
                blank = 0;
                on.packet(buffer);
            }),
            media: current(on.media),
            measured: current(on.measured),
            message: current(receive),
            lost: current(lost),
        };
        try {
            transport = TRANSPORTS[kind](here, listeners, info);
        } catch (error) { /* for example, a browser extension forbids it */
            lost(error.message, false);
        }
    }

    function receive(text)
    {
        heardAt = performance.now();
        const message = JSON.parse(text);
        if (message.type === 'pong')
            setClock(message);
        else if (message.type === 'state')
            ({viewer, server} = message);
        on.message(message);
    }

    function drop()
    {
        attempt++;
        clearInterval(watcher);
        on.media(null);
        transport?.close();
        transport = null;
    }

    /* The connection was lost or is given up. */
    function lose(reason, final)
    {
        const opened = openedAt;
        drop();
        openedAt = 0;
        if (!opened && untried.length) {
            open(untried.shift());
            return;
        }
        if (opened && performance.now() - opened > STABLE_MS && !final)
            tries = 0;
        retryLater(reason);
        /* At first the server may only just have started. */
        if (!opened && (tries > 2 || hostRefusal(info)))
            refuse(200);
    }

    function retryLater(reason)
    {
        on.lost(reason);
        retryAfter(Math.min(RETRY_MS.last, RETRY_MS.first * 2 ** tries++));
    }

    function retryAfter(wait)
    {
        clearTimeout(retryTimer);
        retryTimer = setTimeout(connect, wait * (0.75 + Math.random() / 2));
    }

    function refuse(status)
    {
        if (!REFUSALS[status])
            return;
        on.refused(...status === 200 && hostRefusal(info) || REFUSALS[status]);
        if (status === 401 || status === 403)
            retryAfter(RETRY_MS.refused);
    }

    function send(message)
    {
        transport?.send(JSON.stringify(message));
    }

    /* Returns the t that the pong will carry. */
    function ping()
    {
        const t = pingedAt = performance.now();
        send({type: 'ping', t});
        return t;
    }

    function setClock({t, now})
    {
        const at = performance.now();
        clock.push({roundTrip: at - t, offset: now * 1000 + (at - t) / 2 - at});
        if (clock.length > 8)
            clock.shift();
        else if (clock.length < 3) /* the first pings may suffer from a busy start */
            ping();
    }

    /* Asks by HTTP whether the server still runs and knows us. The answer of another server on the same port
     * shows neither; a proxy answers 502 or 504 for a server that has ended. */
    async function checkServer()
    {
        const mine = attempt, silent = heardAt;
        checkedAt = performance.now();
        const {status, answered} = await requestInfo();
        if (mine !== attempt || heardAt !== silent)
            return;
        const gone = [0, 502, 504].includes(status);
        const other = answered.server !== undefined && answered.server !== server;
        const known = other || !viewer || (answered.viewer_list?.some(v => v.id === viewer) ?? true);
        if (gone || !known)
            lose('the server closed it', false);
        else if (other && performance.now() - heardAt > SILENT_MS)
            lose('the server does not answer', false);
    }

    /* A killed server closes no WebRTC connection, and browsers notice late. */
    function watch()
    {
        const now = performance.now(), silent = now - heardAt;
        if (silent > DOUBT_MS && pingedAt <= heardAt)
            ping();
        else if (silent > DOUBT_MS + Math.max(DOUBT_MS, 2 * (fastest().roundTrip ?? 0)) &&
                 now - checkedAt > CHECK_MS)
            checkServer();
    }

    /* Where nothing makes JPEGs only WebRTC has pictures, and the network may have recovered. */
    function retryRtc(now)
    {
        if (!fallback || !openedAt || seen ||
            now - openedAt < Math.min(BLANK_MS.last, BLANK_MS.first * 2 ** blank))
            return;
        blank++;
        lose('', false);
    }

    const fastest = () => clock.reduce((a, b) => (b.roundTrip < a.roundTrip ? b : a), clock[0] ?? {});

    return {
        connect,
        send,

        /* The server's current stats, or null. */
        async requestStats()
        {
            const {status, answered} = await requestInfo();
            return status === 200 && answered.name !== undefined ? answered : null;
        },

        ping,
        isOpen: () => openedAt > 0,

        /* From the fastest of the latest pings; undefined before the first pong. clockOffset: server's
         * clock minus performance.now(), ms. */
        clockOffset: () => fastest().offset,
        roundTrip: () => fastest().roundTrip,

        /* Call once per second while the page is visible. */
        tick()
        {
            const now = performance.now();
            /* Without a transport and a timer, connect() waits for the server's stats. */
            const waits = transport ? transport.answers : !retryTimer;
            if (waits && now - heardAt > UNANSWERED_MS)
                lose('the server does not answer', false);
            else if (now - pingedAt > PING_MS - 500)
                ping();
            transport?.measure?.();
            retryRtc(now);
        },

        /* The page is hidden: a connection would keep the server and the encoder busy. */
        pause()
        {
            paused = true;
            clearTimeout(retryTimer);
            retryTimer = openedAt = 0;
            drop();
        },

        /* The page is visible again, or the network is back: reconnects without delay. */
        resume()
        {
            heardAt = performance.now();
            if (retryTimer || paused)
                connect();
            paused = false;
        },
    };
}
