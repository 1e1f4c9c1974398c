/*
 * The viewer's page: draws a stream's newest picture, sends what the user does on it.
 *
 * Everything is relative to the page's folder, "ws" is the WebSocket. Down: a binary message is one
 * JPEG; the only text is the answer to a ping. Up: one event of JSON text a message, named as in
 * rendercanvas; x and y are 0 … 1 from the top left of the picture.
 *
 * What is old is never shown: one picture is being decoded, one waits, a newer one takes its place.
 * What is pressed is always let go: on blur, cancel, hidden; the server does it when we vanish.
 */

const $ = id => document.getElementById(id);
const root = document.documentElement;
const stage = $('stage');
const canvas = $('picture');
const context = canvas.getContext('2d', {alpha: false});

const STALLED_MS = 2000; /* without a new picture */
const DEAF_MS = 10000;   /* without any message, though we ping */
const PING_MS = 2000;
const RETRY_MS = {first: 250, last: 5000};

/* --- the stream's name ---------------------------------------------------------------------- */

function showName(name)
{
    document.title = `${name} · shmcast`;
    $('name').textContent = $('name').title = name;
    for (const e of document.querySelectorAll('.stream'))
        e.textContent = name;
}

const here = new URL('.', location.href);
const folder = here.pathname.split('/').filter(Boolean).pop();

/* At the root only the server knows which stream it is. */
async function askName()
{
    try {
        const stats = await (await fetch(new URL('stats', here))).json();
        if (typeof stats.name === 'string')
            showName(stats.name);
    } catch {
        /* the page does without */
    }
}

try {
    showName(folder ? decodeURIComponent(folder) : location.host);
} catch {
    showName(folder); /* a name that isn't UTF-8 */
}

/* --- state ---------------------------------------------------------------------------------- */

const NAMES = {
    connecting: 'Connecting',
    waiting: 'Waiting for a picture',
    live: 'Live',
    stalled: 'Stalled',
    broken: 'Picture cannot be read',
    reconnecting: 'Reconnecting',
};
const SHORT = {waiting: 'Waiting', broken: 'Unreadable'};

let state = '';
let reason = '';

function setState(to, why = '')
{
    if (to === state && why === reason)
        return;
    state = root.dataset.state = to;
    reason = why;
    const name = NAMES[to] + (why && `: ${why}`);
    $('state').textContent = SHORT[to] || NAMES[to];
    $('state').title = name;
    $('empty').textContent = $('notice').textContent = name;
    $('hint').textContent = to === 'waiting' ? 'The stream has none yet. Is shm-encode running?' : '';
    $('since').textContent = '';
}

/* --- connection ----------------------------------------------------------------------------- */

let socket = null;
let tries = 0;
let retry = 0;     /* timer */
let heard = 0;     /* when the server was last heard of */

function connect()
{
    clearTimeout(retry);
    retry = 0;
    const url = new URL('ws' + location.search, here);
    url.protocol = url.protocol.replace('http', 'ws');
    const mine = socket = new WebSocket(url);
    mine.binaryType = 'arraybuffer';
    mine.onopen = () => {
        heard = performance.now();
        stale = true;
        clock.length = 0;
        setState('waiting');
        if (!folder)
            askName();
        ping();
        sendSize();
    };
    mine.onmessage = ({data}) => {
        heard = performance.now();
        tries = 0;
        if (typeof data === 'string')
            answer(data);
        else
            arrive(data);
    };
    mine.onclose = e => lost(e.reason);
    heard = performance.now();
}

/* The connection is gone, or given up: what it still says no longer matters. */
function lost(why)
{
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    socket = null;
    forget();
    setState('reconnecting', why);
    const wait = Math.min(RETRY_MS.last, RETRY_MS.first * 2 ** tries++);
    retry = setTimeout(connect, wait * (0.75 + Math.random() / 2));
}

function hurry()
{
    if (retry)
        connect();
}

function send(message)
{
    if (socket?.readyState === WebSocket.OPEN)
        socket.send(JSON.stringify(message));
}

/* --- clock ---------------------------------------------------------------------------------- */

const clock = []; /* the last few {trip, offset}, ms */

function ping()
{
    send({type: 'ping', t: performance.now()});
}

function answer(text)
{
    const message = JSON.parse(text);
    if (message.type !== 'pong')
        return;
    const now = performance.now();
    const trip = now - message.t;
    clock.push({trip, offset: message.now * 1000 + trip / 2 - now});
    if (clock.length > 8)
        clock.shift();
    else if (clock.length < 3) /* the very first may have met a busy start */
        ping();
}

/* What to add to performance.now() for the server's clock, by the quickest of the last pings. */
function clockOffset()
{
    return clock.reduce((best, c) => (c.trip < best.trip ? c : best)).offset;
}

/* --- pictures ------------------------------------------------------------------------------- */

let waiting = null;   /* newest JPEG, not yet decoded */
let decoding = false;
let ready = null;     /* newest decoded picture, not yet drawn */
let frame = 0;        /* animation frame asked for */
let drawnAt = 0;
let stale = true;     /* the next picture may be an old one: it tells nothing of the delay */
const second = {since: performance.now(), pictures: 0, bytes: 0, delays: []};

/* {seq, captured} of a JPEG's COM segment, captured in ms; {} when it has none. */
function readComment(buffer)
{
    const bytes = new DataView(buffer);
    for (let at = 2; at + 4 <= bytes.byteLength;) {
        const marker = bytes.getUint16(at);
        const length = bytes.getUint16(at + 2);
        if (marker < 0xffc0 || marker === 0xffda || length < 2 || at + 2 + length > bytes.byteLength)
            break;
        if (marker === 0xfffe) {
            const text = String.fromCharCode(...new Uint8Array(buffer, at + 4, length - 2));
            if (text.startsWith('shmcast ')) {
                const fields = Object.fromEntries(text.split(' ').map(f => f.split('=')));
                return {seq: Number(fields.seq), captured: Number(fields.captured) * 1000};
            }
        }
        at += 2 + length;
    }
    return {};
}

function arrive(buffer)
{
    second.bytes += buffer.byteLength;
    waiting = {buffer, old: stale || document.hidden};
    stale = false;
    decode();
}

/* A hidden page keeps the newest JPEG and looks at it when it is seen again. */
async function decode()
{
    if (decoding)
        return;
    decoding = true;
    while (waiting && !document.hidden) {
        const {buffer, old} = waiting;
        waiting = null;
        let bitmap;
        try {
            bitmap = await createImageBitmap(new Blob([buffer], {type: 'image/jpeg'}));
        } catch {
            setState('broken');
            continue;
        }
        ready?.bitmap.close();
        ready = {bitmap, old, ...readComment(buffer)};
        frame ||= requestAnimationFrame(draw);
    }
    decoding = false;
}

function draw()
{
    frame = 0;
    const {bitmap, old, seq, captured} = ready;
    ready = null;
    if (canvas.width !== bitmap.width || canvas.height !== bitmap.height || canvas.hidden) {
        canvas.width = bitmap.width;
        canvas.height = bitmap.height;
        canvas.style.setProperty('--wide', bitmap.width);
        canvas.style.setProperty('--high', bitmap.height);
        canvas.hidden = false;
        showValue('size', `${bitmap.width} × ${bitmap.height}`, '');
    }
    context.drawImage(bitmap, 0, 0);
    bitmap.close();

    drawnAt = performance.now();
    second.pictures++;
    if (captured && clock.length && !old)
        second.delays.push(drawnAt + clockOffset() - captured);
    if (seq)
        send({type: 'ack', seq});
    if (socket?.readyState === WebSocket.OPEN)
        setState('live');
}

/* --- once a second, while somebody looks ---------------------------------------------------- */

function showValue(id, value, unit)
{
    const number = document.createElement('b');
    number.textContent = value;
    $(id).replaceChildren(number, ` ${unit}`);
}

function digits(x)
{
    return x < 9.95 ? x.toFixed(1) : x.toFixed(0);
}

function showStats()
{
    const now = performance.now();
    const seconds = (now - second.since) / 1000;
    const rate = second.bytes / seconds / 1000;
    const delays = second.delays.sort((a, b) => a - b);
    showValue('rate', digits(second.pictures / seconds), 'fps');
    showValue('delay', delays.length ? digits(Math.max(0, delays[delays.length >> 1])) : '–', 'ms');
    if (rate < 999.5)
        showValue('data', rate.toFixed(0), 'kB/s');
    else
        showValue('data', digits(rate / 1000), 'MB/s');
    Object.assign(second, {since: now, pictures: 0, bytes: 0, delays: []});

    if (state === 'live' && now - drawnAt > STALLED_MS)
        setState('stalled');
    if (state === 'stalled')
        $('since').textContent = `${Math.round((now - drawnAt) / 1000)} s`;
}

let ticking = 0; /* timer */
let pinged = 0;

function tick()
{
    const now = performance.now();
    if (socket && now - heard > DEAF_MS)
        lost('the server does not answer');
    if (now - pinged > PING_MS - 500) {
        pinged = now;
        ping();
    }
    showStats();
}

function watch()
{
    clearInterval(ticking);
    if (document.hidden) {
        release();
        return;
    }
    heard = performance.now();
    Object.assign(second, {since: heard, pictures: 0, bytes: 0, delays: []});
    ticking = setInterval(tick, 1000);
    hurry();
    decode();
}

/* --- input: pointers ------------------------------------------------------------------------ */

const pointers = new Map(); /* id → {buttons, at}: what is held, and where it was last */
const moves = new Map();    /* id → the newest pointer_move that was not sent yet */
const keys = new Map();     /* code → key that is held */
let moving = 0;             /* animation frame asked for */

/* An event. Moves that wait go before it, so that order holds. */
function emit(event)
{
    flush();
    send(event);
}

function flush()
{
    cancelAnimationFrame(moving);
    moving = 0;
    for (const move of moves.values())
        send(move);
    moves.clear();
}

function modifiers(e)
{
    return ['shift', 'ctrl', 'alt', 'meta'].filter(m => e[`${m}Key`]);
}

function clamp(x, low, high)
{
    return Math.min(Math.max(x, low), high);
}

/* What is out of range would cost the connection: a drag far out of a very thin picture is cut.
 * Six digits are a fraction of a pixel in the largest picture. */
function fraction(at, from, length)
{
    return length > 0 ? clamp(Math.round((at - from) / length * 1e6) / 1e6, -16, 17) : 0;
}

function place(e)
{
    const box = canvas.getBoundingClientRect();
    return {
        x: fraction(e.clientX, box.left, box.width),
        y: fraction(e.clientY, box.top, box.height),
        modifiers: modifiers(e),
    };
}

/* The mouse is 0 however the browser numbers it. */
function pointerId(e)
{
    return e.pointerType === 'mouse' || !e.pointerType ? 0 : e.pointerId >>> 0;
}

function pointerOf(e)
{
    const id = pointerId(e);
    if (!pointers.has(id))
        pointers.set(id, {buttons: 0, at: null});
    const p = pointers.get(id);
    p.at = place(e);
    return p;
}

/*
 * Sends what differs between the buttons that are held and buttons, a mask: DOM's is ours, 1 left,
 * 2 right, 4 middle, 8 back, 16 forward. A mouse's second button comes as a pointermove, so every
 * event is looked at.
 */
function setButtons(id, p, buttons)
{
    for (let bit = 1; bit <= 16; bit <<= 1) {
        if (!((p.buttons ^ buttons) & bit))
            continue;
        p.buttons ^= bit;
        emit({
            type: buttons & bit ? 'pointer_down' : 'pointer_up',
            ...p.at,
            button: 32 - Math.clz32(bit),
            buttons: p.buttons,
            pointer: id,
        });
    }
}

canvas.addEventListener('pointerdown', e => {
    checkModifiers(e);
    canvas.setPointerCapture(e.pointerId);
    canvas.focus({preventScroll: true});
    setButtons(pointerId(e), pointerOf(e), e.buttons);
});

canvas.addEventListener('pointermove', e => {
    checkModifiers(e);
    const id = pointerId(e);
    const p = pointerOf(e);
    /* Buttons that went down elsewhere and came in with the pointer are none of ours. */
    if (p.buttons && p.buttons !== (e.buttons & 31)) {
        setButtons(id, p, e.buttons);
        return;
    }
    moves.set(id, {type: 'pointer_move', ...p.at, buttons: p.buttons, pointer: id});
    moving ||= requestAnimationFrame(flush);
});

canvas.addEventListener('pointerup', e => {
    checkModifiers(e);
    setButtons(pointerId(e), pointerOf(e), 0);
});

/* These two may come without a place: the last one holds. */
for (const type of ['pointercancel', 'lostpointercapture'])
    canvas.addEventListener(type, e => {
        const id = pointerId(e);
        if (pointers.has(id))
            setButtons(id, pointers.get(id), 0);
    });

for (const type of ['enter', 'leave'])
    canvas.addEventListener(`pointer${type}`, e => {
        const id = pointerId(e);
        const p = pointerOf(e);
        emit({type: `pointer_${type}`, ...p.at, buttons: p.buttons, pointer: id});
        if (type === 'leave')
            pointers.delete(id);
    });

canvas.addEventListener('dblclick', e => {
    const id = pointerId(e);
    emit({type: 'double_click', ...place(e), button: 1, buttons: pointers.get(id)?.buttons ?? 0,
          pointer: id});
});

/* A notch is 100 pixels in some browsers and 3 lines in others. */
canvas.addEventListener('wheel', e => {
    e.preventDefault();
    checkModifiers(e);
    const unit = [1, 100 / 3, canvas.clientHeight][e.deltaMode];
    emit({
        type: 'wheel',
        ...place(e),
        dx: clamp(e.deltaX * unit, -1e6, 1e6),
        dy: clamp(e.deltaY * unit, -1e6, 1e6),
        buttons: pointers.get(0)?.buttons ?? 0,
    });
}, {passive: false});

/* No text selection, no autoscroll by the middle button, no menu, no going back by button 4. */
for (const type of ['mousedown', 'mouseup', 'auxclick', 'contextmenu', 'dragstart'])
    canvas.addEventListener(type, e => e.preventDefault());

/* --- input: keys ---------------------------------------------------------------------------- */

const SCROLLS = new Set(['ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight', 'PageUp', 'PageDown',
                         'Home', 'End', 'Backspace']);
const NO_KEYS = new Set(['Unidentified', 'Process', 'Dead']);
const SENDABLE = /^(?:[ -~]{1,32}|\P{Cs}{1,8})$/u; /* 32 bytes of UTF-8 at most */
const MODIFIERS = {Shift: 'shiftKey', Control: 'ctrlKey', Alt: 'altKey', Meta: 'metaKey'};

function keyUp(code, names)
{
    const key = keys.get(code);
    if (key === undefined)
        return;
    keys.delete(code);
    emit({type: 'key_up', key, modifiers: names});
}

/* A modifier that was let go while another window had the keyboard. */
function checkModifiers(e)
{
    for (const code of [...keys.keys()]) {
        const flag = MODIFIERS[code.match(/^[A-Z][a-z]+/)?.[0]];
        if (flag && !e[flag])
            keyUp(code, modifiers(e));
    }
}

canvas.addEventListener('keydown', e => {
    /* Tab is the way out; a picture has no text to compose. */
    if (e.key === 'Tab' || e.isComposing || NO_KEYS.has(e.key) || !SENDABLE.test(e.key))
        return;
    const chord = e.ctrlKey || e.altKey || e.metaKey;
    if (SCROLLS.has(e.key) ? !e.altKey && !e.metaKey : e.key.length === 1 && !chord)
        e.preventDefault();
    if (e.repeat)
        return;
    checkModifiers(e);
    const code = e.code || e.key;
    keys.set(code, e.key);
    emit({type: 'key_down', key: e.key, modifiers: modifiers(e)});
});

canvas.addEventListener('keyup', e => {
    /* By code: with Shift let go in between, what went down as A comes up as a. */
    const code = e.code || e.key;
    keyUp(code, modifiers(e));
    checkModifiers(e);
    /* Under macOS a key that is let go while Meta is down never comes up. */
    if (e.key === 'Meta')
        releaseKeys();
});

function releaseKeys()
{
    for (const code of [...keys.keys()])
        keyUp(code, []);
}

/* --- input: letting go ---------------------------------------------------------------------- */

function release()
{
    flush();
    for (const [id, p] of pointers)
        setButtons(id, p, 0);
    releaseKeys();
}

/* Without a connection: the server has let go for us. */
function forget()
{
    moves.clear();
    keys.clear();
    for (const p of pointers.values())
        p.buttons = 0;
}

canvas.addEventListener('blur', releaseKeys);
addEventListener('blur', release);
addEventListener('pagehide', release);

/* --- size of the window --------------------------------------------------------------------- */

let size = null;

function sendSize()
{
    if (size)
        emit(size);
}

/* An observer calls once a frame at most. */
function measure()
{
    const ratio = clamp(devicePixelRatio, 0.1, 10);
    const box = stage.getBoundingClientRect();
    const width = clamp(Math.round(box.width * ratio), 1, 65500);
    const height = clamp(Math.round(box.height * ratio), 1, 65500);
    canvas.style.setProperty('--ratio', ratio);
    if (size?.width === width && size.height === height && size.ratio === ratio)
        return;
    size = {type: 'resize', width, height, ratio};
    sendSize();
}

new ResizeObserver(measure).observe(stage);

/* A window dragged to another screen may change its ratio and nothing else. */
function watchRatio()
{
    matchMedia(`(resolution: ${devicePixelRatio}dppx)`).addEventListener('change', () => {
        measure();
        watchRatio();
    }, {once: true});
}

/* --- buttons -------------------------------------------------------------------------------- */

$('actual').addEventListener('click', () => {
    const on = root.classList.toggle('actual');
    $('actual').setAttribute('aria-pressed', on);
});

$('full').hidden = !document.fullscreenEnabled;
$('full').addEventListener('click', async () => {
    try {
        await stage.requestFullscreen({navigationUI: 'hide'});
        canvas.focus();
    } catch {
        /* the browser said no, and why */
    }
});

/* --- go ------------------------------------------------------------------------------------- */

document.addEventListener('visibilitychange', watch);
addEventListener('online', hurry);
setState('connecting');
connect();
watch();
watchRatio();
