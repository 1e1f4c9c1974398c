/*
 * The connection: comes back by itself after a loss, pings, knows the server's clock, and finds out
 * why it was not let in.
 *
 * What carries it is the first of these that opens: WebRTC where the server has it, a WebSocket; or
 * MJPEG, where the page's address says so. A carrier is opened by open(here, on, stats), and has
 * send(text), close(), look() if there is something to measure, and answers: does the server hear
 * what is sent? on: open({name, more}), picture(ArrayBuffer) or stream(MediaStream), message(text),
 * measured(numbers), lost(why, final: trying again would end the same way).
 */
import {openSocket} from './socket.js';
import {canRtc, openRtc} from './rtc.js';
import {openMjpeg} from './mjpeg.js';

export const TRANSPORTS = {webrtc: openRtc, ws: openSocket, mjpeg: openMjpeg};

const DEAF_MS = 10000; /* without any message, though we ping */
const SILENT_MS = 3500; /* then it is asked by HTTP whether it still knows us */
const PING_MS = 2000;
const STEADY_MS = 5000; /* a connection that lasted this long was a good one */
const SHORT_MOST = 2;   /* connections by WebRTC that were none: then it is left alone */
const BLANK_MS = {first: 5000, last: 80000}; /* instead of WebRTC, without a picture: it is tried again */
const RETRY_MS = {first: 250, last: 5000, refused: 30000};
const ASK_MS = 4000;

/* What the answer to a plain request tells: of a handshake that failed browsers say nothing. */
const REFUSALS = {
    401: ['No entry', 'This server asks for a token: open the address with ?token=…'],
    403: ['No entry', 'This server does not let this page or this token in.'],
    410: ['Removed', 'The stream is gone; should it come back, so does the picture.'],
    429: ['Full', 'The server takes no more connections from here for now.'],
    503: ['Full', 'The server has as many viewers as it takes.'],
    200: ['No WebSocket', 'The server answers, but gives no WebSocket: it is full, or a proxy does not pass it on.'],
};

/*
 * here: the URL of the page's folder; wanted: a key of TRANSPORTS, or undefined. on: what is called:
 * stats(what the server tells of the stream), open({name, more, instead}), instead: why WebRTC isn't
 * used though it is there; picture, stream (null: no more of it), measured as above; message(object),
 * lost(text), refused(title, text).
 */
export function createLink(here, wanted, on)
{
    let carrier = null;
    let ways = [];    /* those that are left to be tried */
    let instead = '';
    let stats = {};
    let trial = 0;    /* number of the carrier, or of the question before it */
    let short = 0;    /* connections by WebRTC that didn't last */
    let blank = 0;    /* connections instead of WebRTC that showed nothing */
    let seen = false; /* the first picture of this one */
    let tries = 0;
    let retry = 0;    /* timer */
    let opened = 0;   /* when; 0: not yet */
    let heard = 0;    /* when the server was last heard of */
    let asked = 0;    /* heard, when it was asked why it is silent */
    let viewer = 0;   /* our number there */
    let pinged = 0;
    let paused = false;
    const clock = []; /* the last few {trip, offset}, ms */

    /* {status: 0} when nobody answers. */
    async function ask()
    {
        try {
            const answer = await fetch(new URL(`stats${location.search}`, here),
                                       {cache: 'no-store', signal: AbortSignal.timeout(ASK_MS)});
            return {status: answer.status, told: answer.ok ? await answer.json() : {}};
        } catch (error) {
            /* Maybe it is only the browser that has too many requests to this server. */
            return {status: error.name === 'TimeoutError' ? 200 : 0, told: {}};
        }
    }

    function waysTo({transports = []})
    {
        if (wanted === 'mjpeg')
            return ['mjpeg'];
        const rtc = wanted !== 'ws' && canRtc && short < SHORT_MOST && transports.includes('webrtc');
        return rtc ? ['webrtc', 'ws'] : ['ws'];
    }

    async function connect()
    {
        clearTimeout(retry);
        retry = opened = 0;
        instead = '';
        const mine = ++trial;
        const {status, told} = await ask();
        if (mine !== trial)
            return;
        if (status !== 200) {
            fail('');
            refuse(status);
            return;
        }
        stats = told;
        on.stats(stats);
        ways = waysTo(stats);
        open(ways.shift());
    }

    function open(way)
    {
        const mine = ++trial;
        /* What one that was given up still says no longer matters. */
        const hear = act => (...what) => mine === trial && act(...what);
        heard = performance.now();
        seen = false;
        carrier = TRANSPORTS[way](here, {
            open: hear(({name, more}) => {
                opened = heard = performance.now();
                clock.length = 0;
                on.open({name, more, instead});
                ping();
            }),
            picture: hear(buffer => {
                seen = true;
                blank = 0;
                on.picture(buffer);
            }),
            stream: hear(on.stream),
            measured: hear(on.measured),
            message: hear(take),
            lost: hear((why, final) => {
                if (way === 'webrtc' && opened)
                    short = performance.now() - opened > STEADY_MS ? 0 : short + 1;
                if (way === 'webrtc' && !opened)
                    instead = why;
                lose(why, final);
            }),
        }, stats);
    }

    function take(text)
    {
        heard = performance.now();
        const message = JSON.parse(text);
        if (message.type === 'pong')
            setClock(message);
        else if (message.type === 'state')
            viewer = message.viewer;
        on.message(message);
    }

    function drop()
    {
        trial++;
        on.stream(null);
        carrier?.close();
        carrier = null;
    }

    /* The connection is gone, or given up. */
    function lose(why, final)
    {
        const was = opened;
        drop();
        opened = 0;
        if (!was && ways.length) {
            open(ways.shift());
            return;
        }
        if (was && performance.now() - was > STEADY_MS && !final)
            tries = 0;
        fail(why);
        /* The first time the server may just have come. */
        if (!was && tries > 2)
            refuse(200);
    }

    function fail(why)
    {
        on.lost(why);
        again(Math.min(RETRY_MS.last, RETRY_MS.first * 2 ** tries++));
    }

    function again(wait)
    {
        clearTimeout(retry);
        retry = setTimeout(connect, wait * (0.75 + Math.random() / 2));
    }

    function refuse(status)
    {
        if (!REFUSALS[status])
            return;
        on.refused(...REFUSALS[status]);
        if (status === 401 || status === 403)
            again(RETRY_MS.refused);
    }

    function send(message)
    {
        carrier?.send(JSON.stringify(message));
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

    /* A server that ended, or began anew, tells nobody who came by WebRTC; browsers notice late. */
    async function inquire()
    {
        const mine = trial;
        asked = heard;
        const {status, told} = await ask();
        const known = !viewer || (told.viewer_list?.some(v => v.id === viewer) ?? true);
        if (mine === trial && (status === 0 || !known))
            lose('the server has let go', false);
    }

    /* Where no JPEG is made only WebRTC has pictures, and the network may do better now. */
    function lookAgain(now)
    {
        if (!instead || !opened || seen ||
            now - opened < Math.min(BLANK_MS.last, BLANK_MS.first * 2 ** blank))
            return;
        blank++;
        lose('', false);
    }

    const quickest = () => clock.reduce((a, b) => (b.trip < a.trip ? b : a), clock[0] ?? {});

    return {
        connect,
        send,
        ping,
        isOpen: () => opened > 0,

        /* By the quickest of the last pings, undefined when it isn't known yet: what to add to
         * performance.now() for the server's clock, and the time there and back, ms. */
        clockOffset: () => quickest().offset,
        trip: () => quickest().trip,

        /* Once a second while somebody looks. */
        tick()
        {
            const now = performance.now();
            if (carrier?.answers && now - heard > DEAF_MS)
                lose('the server does not answer', false);
            else if (carrier?.answers && opened && now - heard > SILENT_MS && asked !== heard)
                inquire();
            else if (now - pinged > PING_MS - 500)
                ping();
            carrier?.look?.();
            lookAgain(now);
        },

        /* Nobody looks: a connection would cost the server and the encoder. */
        pause()
        {
            paused = true;
            clearTimeout(retry);
            retry = opened = 0;
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
