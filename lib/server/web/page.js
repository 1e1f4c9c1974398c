/*
 * The viewer page: shows a stream's newest image and sends the user's input. shmcast-web(7) describes
 * the protocol and the options in the page's address.
 *
 * connection.js is the connection, view.js and video.js show images, save.js saves and records them,
 * input.js, keys.js and gestures.js make events, control.js shows which viewer has control, stats.js measures, writers.js
 * explains a stall. This file connects them and shows the state.
 */
import {TRANSPORTS, createConnection} from './connection.js';
import {createView} from './view.js';
import {createVideo} from './video.js';
import {createInput} from './input.js';
import {createStats} from './stats.js';
import {cleanName, createControl, readState} from './control.js';
import {canRecord, savePicture, startRecording} from './save.js';
import {stallReason} from './writers.js';

const $ = id => document.getElementById(id);
const root = document.documentElement;
const stage = $('stage');
const picture = $('picture');

const STILL_MS = 2000;        /* without a new image */
const CHECK_MS = 2000;        /* between two checks of a still picture's writers, */
const CHECK_VIEWER_MS = 50;   /* and more for each viewer: stats list all of them */
const HIDDEN_MS = 5000;       /* hidden for this long, the page disconnects */
const SETTLED_MS = 1000;      /* screen readers announce a state that lasts this long */
const ANNOUNCE_MS = 10000;    /* minimum between two announcements */

/* --- options -------------------------------------------------------------------------------- */

const options = new URLSearchParams(location.search);

/* As last chosen, or null. */
function savedSetting(name)
{
    try {
        return localStorage.getItem(`shmcast.${name}`);
    } catch {
        return null; /* the browser has no storage for this page */
    }
}

/* One of values: from the address, else as last chosen, else the first. */
function setting(name, values)
{
    return [options.get(name), savedSetting(name)].find(v => values.includes(v)) ?? values[0];
}

function saveSetting(name, value)
{
    try {
        localStorage.setItem(`shmcast.${name}`, value);
    } catch {
        /* the choice lasts until the page is left */
    }
}

const interactive = options.get('interaction') !== '0';
let ownName = cleanName(options.get('name') ?? savedSetting('name') ?? '');
root.classList.toggle('bare', options.get('bar') === '0');
if (CSS.supports('color', options.get('background')))
    stage.style.setProperty('background', options.get('background'));

/* --- name of the stream --------------------------------------------------------------------- */

const here = new URL('.', location.href);
const folder = here.pathname.split('/').filter(Boolean).pop();
let stream = ''; /* stream of this page */

function showName(name)
{
    stream = name;
    document.title = `${name} · shmcast`;
    $('name').textContent = $('name').title = name;
    for (const e of document.querySelectorAll('.stream'))
        e.textContent = name;
}

/* list: the address of the list of streams; null: there is none. */
function showList(list)
{
    const home = document.querySelector('.home');
    if (list) {
        home.href = list;
        return;
    }
    for (const attribute of ['href', 'title', 'aria-label'])
        home.removeAttribute(attribute);
}

try {
    showName(folder ? decodeURIComponent(folder) : location.host);
} catch {
    showName(folder); /* the name is not UTF-8 */
}

/* --- state ---------------------------------------------------------------------------------- */

const TITLES = {
    connecting: 'Connecting',
    waiting: 'Waiting for a picture',
    live: 'Live',
    still: 'Still',
    stalled: 'Stalled',
    broken: 'Picture cannot be read',
    reconnecting: 'Reconnecting',
    paused: 'Paused',
};
const SHORT_TITLES = {waiting: 'Waiting', broken: 'Unreadable'};
const HINTS = {
    waiting: 'The stream has none yet. Is shm-encode running?',
    frames: 'The stream has none yet. Does a program write to it?',
};

let state = '';
let reason = '';
let drawnAt = 0;

/* title and hint: for the state 'refused'. */
function setState(to, why = '', title = TITLES[to], hint = HINTS[to] ?? '')
{
    if (to === state && why === reason && to !== 'refused')
        return;
    state = root.dataset.state = to;
    reason = why;
    const name = title + (why && `: ${why}`);
    $('state').textContent = SHORT_TITLES[to] ?? title;
    $('state').title = name;
    $('empty').textContent = name;
    $('hint').textContent = hint;
    $('notice').textContent = hint ? `${name}. ${hint}` : name;
    $('since').textContent = '';
    announceSoon(hint ? `${name}. ${hint}` : name);
}

/* For screen readers: only states that last, so that a scene that pauses often stays quiet. */
let announceTimer = 0;
let announcedAt = -ANNOUNCE_MS;

function announceSoon(text)
{
    clearTimeout(announceTimer);
    announceTimer = setTimeout(() => {
        if ($('announcement').textContent === text)
            return;
        $('announcement').textContent = text;
        announcedAt = performance.now();
    }, Math.max(SETTLED_MS, announcedAt + ANNOUNCE_MS - performance.now()));
}

/* --- parts ---------------------------------------------------------------------------------- */

/* Pictures may come in parts, but not to WebKit: it keeps some memory of every bitmap, and crashes now and then
 * while it decodes many. */
const PARTS = navigator.vendor.startsWith('Apple') ? {} : {parts: true};

let firstImage = true;   /* the next image may predate this connection */
let controlState = null; /* latest state message */

let transport = {};      /* in use: {name, details, fallback, buffer} */
let earlyVideo = false;  /* video arrived before the data channel opened */

const wanted = Object.keys(TRANSPORTS).find(kind => kind === options.get('transport'));
const connection = createConnection(here, wanted, {
    stats({name, list})
    {
        /* Only the server knows which stream this is: the folder may be one of a proxy. */
        if (typeof name === 'string')
            showName(name);
        showList(list);
    },
    open(opened)
    {
        transport = opened;
        firstImage = true;
        stats.sequenceBreak();
        if (earlyVideo)
            setLive();
        else
            setState('waiting', '', TITLES.waiting, transport.name === 'WebRTC' ? HINTS.frames : HINTS.waiting);
        connection.send({type: 'hello', ...PARTS, name: ownName});
    },
    packet(buffer)
    {
        stats.received(buffer.byteLength);
        view.add(buffer, firstImage);
        firstImage = false;
    },
    media(media)
    {
        earlyVideo = false;
        video.play(media);
    },
    measured({bytes, undrawn, buffer, details})
    {
        stats.received(bytes);
        stats.undrawn(undrawn);
        transport = {...transport, buffer, details};
    },
    message(message)
    {
        if (message.type === 'pong')
            stats.pong(message);
        else if (message.type === 'state')
            updateControl(message);
        else if (message.type === 'frame')
            video.identify(message);
    },
    lost(why)
    {
        input.enable(false);
        control.lost();
        setState('reconnecting', why);
    },
    refused: (title, hint) => setState('refused', '', title, hint),
});

const stats = createStats(connection);

/* The hint reports a fallback to screen readers too. */
function setLive()
{
    setState('live', '', TITLES.live,
             transport.fallback && `${transport.name} instead of WebRTC: ${transport.fallback}`);
}

function drawn(frame)
{
    drawnAt = frame.at;
    stats.drawn(frame);
    if (connection.isOpen())
        setLive();
}

const view = createView(picture.querySelector('canvas'), {
    undrawn: stats.undrawn,
    broken: () => setState('broken'),
    incomplete: () => connection.send({type: 'hello', ...PARTS}),
    drawn(frame)
    {
        if (frame.seq)
            connection.send({type: 'ack', seq: frame.seq});
        drawn(frame);
    },
});

const video = createVideo(picture.querySelector('video'), {
    drawn(frame)
    {
        earlyVideo = !connection.isOpen();
        drawn({...frame, old: frame.old || firstImage});
        firstImage = false;
    },
});

const HOVERS = new Set(['pointer_move', 'pointer_enter', 'pointer_leave']);
const fingers = ['right', 'middle', 'wheel', 'apart'].find(f => f === options.get('fingers')) ?? 'right';
const field = options.get('keys') === 'text' ? $('field') : null;
const input = createInput(picture, stage, {fingers, field}, {
    send(event, when)
    {
        connection.send(event);
        if (event.type !== 'resize')
            stats.sent(when, !HOVERS.has(event.type) || event.buttons > 0);
    },
    tooLong: () => control.notify('The pasted text is too long.'),
    ownMenu: () => control.notify('Firefox opens its own menu with Shift and the right button. In about:config, ' +
        'dom.event.contextmenu.shift_suppresses_event = false prevents that.'),
});

const control = createControl(connection.send, input.focus);

/* Names of CSS that a drawing program may choose for the cursor over the picture. */
const CURSORS = new Set([
    'default', 'none', 'context-menu', 'help', 'pointer', 'progress', 'wait', 'cell', 'crosshair', 'text',
    'vertical-text', 'alias', 'copy', 'move', 'no-drop', 'not-allowed', 'grab', 'grabbing', 'all-scroll',
    'col-resize', 'row-resize', 'n-resize', 'e-resize', 's-resize', 'w-resize', 'ne-resize', 'nw-resize',
    'se-resize', 'sw-resize', 'ew-resize', 'ns-resize', 'nesw-resize', 'nwse-resize', 'zoom-in', 'zoom-out',
]);

function updateControl(message)
{
    const s = readState(message);
    if (s.stream !== controlState?.stream)
        stats.sequenceBreak();
    controlState = s;
    const hasControl = s.hasControl && interactive;
    root.classList.toggle('has-control', hasControl);
    picture.role = hasControl && !field ? 'application' : 'img';
    picture.tabIndex = hasControl && !field ? 0 : -1;
    picture.setAttribute('aria-label', !hasControl ? 'Live picture, view only.' : field ? 'Live picture.'
        : 'Live picture. Accepts pointer, wheel and keys; Tab leaves it.');
    picture.style.cursor = hasControl && CURSORS.has(s.cursor) ? s.cursor : '';
    if (field)
        field.hidden = !hasControl;
    input.enable(hasControl);
    if (interactive)
        control.show(s, s.ladder.indexOf(s.stream) > Math.max(0, s.ladder.indexOf(stream)));
    else if (s.hasControl && !s.shared)
        connection.send({type: 'control', want: 'release'});
}

picture.addEventListener('pointerdown', () => {
    if (interactive && !root.classList.contains('has-control'))
        control.invite(transport.name === 'MJPEG');
});

/* --- once per second while the page is visible ---------------------------------------------- */

function digits(x)
{
    return x < 9.95 ? x.toFixed(1) : x.toFixed(0);
}

/* Some browsers round their clock to whole milliseconds. */
let coarseClock = true;

function milliseconds(x)
{
    return !coarseClock ? digits(x) : x < 1 ? '< 1' : x.toFixed(0);
}

function bytes(x)
{
    return x < 999.5e3 ? [(x / 1e3).toFixed(0), 'kB'] : [digits(x / 1e6), 'MB'];
}

/* A value in bold, its unit, and details. */
function showValue(id, value, unit, details = '')
{
    const number = document.createElement('b');
    number.textContent = value;
    const parts = [number, ` ${unit}`];
    if (details) {
        const small = document.createElement('small');
        small.textContent = details;
        parts.push(small);
    }
    $(id).replaceChildren(...parts);
}

function showDelay(id, delay)
{
    if (delay)
        showValue(id, milliseconds(delay.median), 'ms', `p95 ${milliseconds(delay.p95)}`);
    else
        showValue(id, '–', 'ms');
}

function showStats()
{
    const s = stats.read();
    showValue('rate', digits(s.rate), 'fps');
    showValue('delay', s.frameDelay ? milliseconds(s.frameDelay.median) : '–', 'ms');
    if ($('overlay').hidden)
        return;
    showValue('o-rate', digits(s.rate), 'fps');
    showDelay('o-frame-delay', s.frameDelay);
    showDelay('o-input-delay', s.inputDelay);
    const dropped = s.notSent + s.notDrawn;
    showValue('o-dropped', dropped, '', dropped ? `${s.notSent} unsent, ${s.notDrawn} undrawn` : '');
    const [value, unit] = bytes(s.data);
    showValue('o-data', value, `${unit}/s`, s.last?.bytes ? `${bytes(s.last.bytes).join(' ')} each` : '');
    const {width, height, quality, sampling} = s.last ?? {};
    const roundTrip = connection.roundTrip();
    showValue('o-transport', transport.name ?? '–', '', transport.fallback ? 'no WebRTC' : transport.details);
    showValue('o-round-trip', roundTrip === undefined ? '–' : milliseconds(roundTrip), 'ms',
              transport.buffer === undefined ? '' : `${digits(transport.buffer)} ms buffered`);
    showValue('o-size', s.last ? `${width} × ${height}` : '–', '',
              quality ? `q ${quality} ${sampling ?? ''}` : '');
    const shown = controlState && controlState.stream !== stream ? controlState.stream : '';
    $('o-stream').textContent = shown;
    $('o-stream').parentElement.hidden = !shown;
}

let tickTimer = 0;
let hiddenTimer = 0;
let checkedAt = 0;
let checking = false;

const showsPicture = () => ['live', 'still', 'stalled'].includes(state);

/* Whether the server has had a newer JPEG than the one shown for a while. */
function misses({newest})
{
    const {last} = stats.read();
    return transport.name !== 'WebRTC' && controlState?.stream === stream && last?.seq && newest &&
        newest.seq !== last.seq && newest.age_ms > STILL_MS;
}

/* A still picture is no fault while its writers live and nothing newer exists. */
async function checkWriters(now)
{
    const drawn = drawnAt;
    checkedAt = now;
    checking = true;
    const answer = await connection.requestStats();
    checking = false;
    if (!answer || drawn !== drawnAt || !showsPicture())
        return;
    const why = misses(answer) ? 'newer pictures do not arrive'
        : stallReason(answer.writers, transport.name !== 'WebRTC');
    setState(why ? 'stalled' : 'still', why);
    showSince();
}

function showSince()
{
    if (state === 'still' || state === 'stalled')
        $('since').textContent = `${Math.round((performance.now() - drawnAt) / 1000)} s`;
}

function tick()
{
    const now = performance.now();
    coarseClock &&= Number.isInteger(now);
    connection.tick();
    showStats();
    showSince();
    const interval = CHECK_MS + CHECK_VIEWER_MS * (controlState?.viewers ?? 0);
    if (showsPicture() && !checking && now - drawnAt > STILL_MS &&
        (checkedAt < drawnAt || now - checkedAt > interval))
        checkWriters(now);
}

/* A hidden page draws nothing, and disconnects after a while. */
function visibilityChanged()
{
    clearInterval(tickTimer);
    clearTimeout(hiddenTimer);
    if (document.hidden) {
        input.release();
        hiddenTimer = setTimeout(() => {
            input.enable(false);
            control.lost();
            connection.pause();
            setState('paused');
        }, HIDDEN_MS);
        return;
    }
    stats.clear();
    tickTimer = setInterval(tick, 1000);
    connection.resume();
    view.resume();
}

/* --- the bar -------------------------------------------------------------------------------- */

function setFit(fit)
{
    root.dataset.fit = fit;
    document.querySelector(`input[name="fit"][value="${fit}"]`).checked = true;
}

$('fit').addEventListener('change', e => {
    setFit(e.target.value);
    saveSetting('fit', e.target.value);
});

function setOverlay(on)
{
    $('overlay').hidden = !on;
    $('stats').setAttribute('aria-pressed', on);
    showStats();
}

function toggleOverlay()
{
    setOverlay($('overlay').hidden);
    saveSetting('overlay', $('overlay').hidden ? '0' : '1');
}

async function enterFullScreen()
{
    try {
        await stage.requestFullscreen({navigationUI: 'hide'});
        input.focus();
    } catch {
        /* the browser refused and reports why */
    }
}

const shownPicture = () => picture.querySelector(':scope > :not([hidden])');
const fileName = () => stream || 'picture';

for (const button of document.querySelectorAll('#save button[value]'))
    button.addEventListener('click', () => {
        $('save').hidePopover();
        savePicture(shownPicture(), fileName(), button.value);
    });

/* While a recording runs, the button in the bar ends it. */
function showRecording(stop)
{
    const button = $('save-button');
    button.onclick = stop;
    button.popoverTargetElement = stop ? null : $('save');
    button.classList.toggle('recording', stop !== null);
    button.ariaLabel = button.title = stop ? 'Stop recording' : 'Save the picture';
}

$('record').hidden = !canRecord;
$('record').addEventListener('click', () => {
    $('save').hidePopover();
    const source = shownPicture();
    if (source)
        showRecording(startRecording(source, fileName(), () => showRecording(null)));
});

$('own-name').value = ownName;
$('naming').addEventListener('submit', e => {
    e.preventDefault();
    $('naming').hidePopover();
    ownName = $('own-name').value = cleanName($('own-name').value);
    saveSetting('name', ownName);
    connection.send({type: 'hello', name: ownName});
});

$('stats').addEventListener('click', toggleOverlay);
$('full').hidden = !document.fullscreenEnabled;
$('full').addEventListener('click', enterFullScreen);

/* Only while the focus is in the bar: on the picture, keys go to the stream. */
const KEYS = {n: toggleOverlay, f: enterFullScreen};
for (const bar of document.querySelectorAll('.bar'))
    bar.addEventListener('keydown', e => {
        if (KEYS[e.key] && !e.ctrlKey && !e.altKey && !e.metaKey && !e.repeat)
            KEYS[e.key]();
    });

/* --- start ---------------------------------------------------------------------------------- */

for (const e of document.querySelectorAll('.text'))
    e.hidden = !field;
setFit(setting('fit', ['fit', 'fill', 'actual']));
setOverlay(setting('overlay', ['0', '1']) === '1');
setState('connecting');
document.addEventListener('visibilitychange', visibilityChanged);
addEventListener('online', connection.resume);
connection.connect();
visibilityChanged();
