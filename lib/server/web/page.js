/*
 * The viewer's page: draws a stream's newest picture, sends what the user does on it. shmcast-web(7)
 * has what goes over the wire, and the options that the page's address may have.
 *
 * link.js the connection, view.js and video.js pictures, input.js and fingers.js events, steer.js who
 * steers, numbers.js how well it goes. This file holds them together and shows the state.
 */
import {TRANSPORTS, createLink} from './link.js';
import {createView} from './view.js';
import {createVideo} from './video.js';
import {createInput} from './input.js';
import {createNumbers} from './numbers.js';
import {createSteer} from './steer.js';

const $ = id => document.getElementById(id);
const root = document.documentElement;
const stage = $('stage');
const picture = $('picture');

const STALLED_MS = 2000;  /* without a new picture */
const HIDDEN_MS = 5000;   /* nobody looks: then the connection is closed */
const SETTLED_MS = 1000;  /* a state that lasts this long is read out */
const QUIET_MS = 10000;   /* between two of them */

/* --- options -------------------------------------------------------------------------------- */

const options = new URLSearchParams(location.search);

/* One of values: by the address, else as it was chosen last, else the first. */
function setting(name, values)
{
    let kept = null;
    try {
        kept = localStorage.getItem(`shmcast.${name}`);
    } catch {
        /* the browser keeps nothing */
    }
    return [options.get(name), kept].find(v => values.includes(v)) ?? values[0];
}

function keepSetting(name, value)
{
    try {
        localStorage.setItem(`shmcast.${name}`, value);
    } catch {
        /* until the page is left */
    }
}

const interactive = options.get('interaction') !== '0';
root.classList.toggle('bare', options.get('bar') === '0');
if (CSS.supports('color', options.get('background')))
    stage.style.setProperty('background', options.get('background'));

/* --- the stream's name ---------------------------------------------------------------------- */

const here = new URL('.', location.href);
const folder = here.pathname.split('/').filter(Boolean).pop();
let stream = ''; /* the page's own */

function showName(name)
{
    stream = name;
    document.title = `${name} · shmcast`;
    $('name').textContent = $('name').title = name;
    for (const e of document.querySelectorAll('.stream'))
        e.textContent = name;
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
    paused: 'Paused',
};
const SHORT = {waiting: 'Waiting', broken: 'Unreadable'};
const HINTS = {
    waiting: 'The stream has none yet. Is shm-encode running?',
    frames: 'The stream has none yet. Does a program write into it?',
};

let state = '';
let reason = '';
let drawnAt = 0;

/* title and hint are for the state 'refused'. */
function setState(to, why = '', title = NAMES[to], hint = HINTS[to] ?? '')
{
    if (to === state && why === reason && to !== 'refused')
        return;
    state = root.dataset.state = to;
    reason = why;
    const name = title + (why && `: ${why}`);
    $('state').textContent = SHORT[to] ?? title;
    $('state').title = name;
    $('empty').textContent = name;
    $('hint').textContent = hint;
    $('notice').textContent = hint ? `${name}. ${hint}` : name;
    $('since').textContent = '';
    tellSoon(hint ? `${name}. ${hint}` : name);
}

/* To those who listen: what lasts, and not at every turn of a scene that comes and goes. */
let telling = 0; /* timer */
let told = -QUIET_MS;

function tellSoon(text)
{
    clearTimeout(telling);
    telling = setTimeout(() => {
        if ($('told').textContent === text)
            return;
        $('told').textContent = text;
        told = performance.now();
    }, Math.max(SETTLED_MS, told + QUIET_MS - performance.now()));
}

/* --- the parts ------------------------------------------------------------------------------ */

let fresh = true;  /* the next picture may be an old one */
let control = null; /* the last state that the server told */

let way = {};       /* how the pictures come: {name, more, instead, buffer} */
let early = false;  /* video was there before the connection was open */

const wanted = Object.keys(TRANSPORTS).find(one => one === options.get('transport'));
const link = createLink(here, wanted, {
    stats({name})
    {
        /* At the root only the server knows which stream it is. */
        if (!folder && typeof name === 'string')
            showName(name);
    },
    open(by)
    {
        way = by;
        fresh = true;
        numbers.another();
        if (early)
            setLive();
        else
            setState('waiting', '', NAMES.waiting, way.name === 'WebRTC' ? HINTS.frames : HINTS.waiting);
        link.send({type: 'hello'});
    },
    picture(buffer)
    {
        numbers.received(buffer.byteLength);
        view.arrive(buffer, fresh);
        fresh = false;
    },
    stream(media)
    {
        early = false;
        video.play(media);
    },
    measured({bytes, late, buffer, more})
    {
        numbers.received(bytes);
        numbers.late(late);
        way = {...way, buffer, more};
    },
    message(message)
    {
        if (message.type === 'pong')
            numbers.pong(message);
        else if (message.type === 'state')
            takeControl(message);
        else if (message.type === 'frame')
            video.note(message);
    },
    lost(why)
    {
        input.enable(false);
        steer.lost();
        setState('reconnecting', why);
    },
    refused: (title, hint) => setState('refused', '', title, hint),
});

const numbers = createNumbers(link);

/* Who listens is told too that it goes by another way than it might. */
function setLive()
{
    setState('live', '', NAMES.live, way.instead && `By ${way.name}, not WebRTC: ${way.instead}`);
}

function drawn(what)
{
    drawnAt = what.at;
    numbers.drawn(what);
    if (link.isOpen())
        setLive();
}

const view = createView(picture.querySelector('canvas'), {
    late: numbers.late,
    broken: () => setState('broken'),
    drawn(what)
    {
        if (what.seq)
            link.send({type: 'ack', seq: what.seq});
        drawn(what);
    },
});

const video = createVideo(picture.querySelector('video'), {
    drawn(what)
    {
        early = !link.isOpen();
        drawn({...what, old: what.old || fresh});
        fresh = false;
    },
});

const HOVERS = new Set(['pointer_move', 'pointer_enter', 'pointer_leave']);
const fingers = ['right', 'middle', 'wheel', 'apart'].find(f => f === options.get('fingers')) ?? 'right';
const input = createInput(picture, stage, fingers, (event, when) => {
    link.send(event);
    if (event.type !== 'resize')
        numbers.sent(when, !HOVERS.has(event.type) || event.buttons > 0);
});

const steer = createSteer(link.send);

function takeControl(s)
{
    if (s.stream !== control?.stream)
        numbers.another();
    control = s;
    const steers = s.steering && interactive;
    root.classList.toggle('steers', steers);
    picture.role = steers ? 'application' : 'img';
    picture.tabIndex = steers ? 0 : -1;
    picture.setAttribute('aria-label', steers
        ? 'Live picture. Takes pointer, wheel and keys; Tab leaves it.' : 'Live picture, view only.');
    input.enable(steers);
    if (interactive)
        steer.show(s, s.ladder.indexOf(s.stream) > Math.max(0, s.ladder.indexOf(stream)));
    else if (s.steering && s.control !== 'any')
        link.send({type: 'control', want: 'release'});
}

/* --- once a second, while somebody looks ---------------------------------------------------- */

function digits(x)
{
    return x < 9.95 ? x.toFixed(1) : x.toFixed(0);
}

function bytes(x)
{
    return x < 999.5e3 ? [(x / 1e3).toFixed(0), 'kB'] : [digits(x / 1e6), 'MB'];
}

/* A number in bold, its unit, and what else is to be said. */
function showValue(id, value, unit, more = '')
{
    const number = document.createElement('b');
    number.textContent = value;
    const parts = [number, ` ${unit}`];
    if (more) {
        const small = document.createElement('small');
        small.textContent = more;
        parts.push(small);
    }
    $(id).replaceChildren(...parts);
}

function showDelay(id, delay)
{
    if (delay)
        showValue(id, digits(delay.median), 'ms', `p95 ${digits(delay.p95)}`);
    else
        showValue(id, '–', 'ms');
}

function showNumbers()
{
    const n = numbers.read();
    showValue('rate', digits(n.rate), 'fps');
    showValue('delay', n.screen ? digits(n.screen.median) : '–', 'ms');
    if ($('overlay').hidden)
        return;
    showValue('o-rate', digits(n.rate), 'fps');
    showDelay('o-screen', n.screen);
    showDelay('o-input', n.input);
    const dropped = n.notSent + n.notDrawn;
    showValue('o-dropped', dropped, '', dropped ? `${n.notSent} unsent, ${n.notDrawn} undrawn` : '');
    const [value, unit] = bytes(n.data);
    showValue('o-data', value, `${unit}/s`, n.last?.bytes ? `${bytes(n.last.bytes).join(' ')} each` : '');
    const {width, height, quality, sampling} = n.last ?? {};
    const trip = link.trip();
    showValue('o-way', way.name ?? '–', '', way.instead ? 'no WebRTC' : way.more);
    showValue('o-trip', trip === undefined ? '–' : digits(trip), 'ms',
              way.buffer === undefined ? '' : `${digits(way.buffer)} ms buffered`);
    showValue('o-size', n.last ? `${width} × ${height}` : '–', '',
              quality ? `q ${quality} ${sampling ?? ''}` : '');
    const other = control && control.stream !== stream ? control.stream : '';
    $('o-stream').textContent = other;
    $('o-stream').parentElement.hidden = !other;
}

let ticking = 0; /* timer */
let leaving = 0; /* timer */

function tick()
{
    const now = performance.now();
    link.tick();
    showNumbers();
    if (state === 'live' && now - drawnAt > STALLED_MS)
        setState('stalled');
    if (state === 'stalled')
        $('since').textContent = `${Math.round((now - drawnAt) / 1000)} s`;
}

/* A page that nobody sees draws nothing, and soon isn't a viewer any more. */
function watch()
{
    clearInterval(ticking);
    clearTimeout(leaving);
    if (document.hidden) {
        input.release();
        leaving = setTimeout(() => {
            input.enable(false);
            steer.lost();
            link.pause();
            setState('paused');
        }, HIDDEN_MS);
        return;
    }
    numbers.clear();
    ticking = setInterval(tick, 1000);
    link.hurry();
    view.look();
}

/* --- the bar -------------------------------------------------------------------------------- */

function setFit(fit)
{
    root.dataset.fit = fit;
    document.querySelector(`input[name="fit"][value="${fit}"]`).checked = true;
}

$('fit').addEventListener('change', e => {
    setFit(e.target.value);
    keepSetting('fit', e.target.value);
});

function setOverlay(on)
{
    $('overlay').hidden = !on;
    $('numbers').setAttribute('aria-pressed', on);
    showNumbers();
}

function toggleOverlay()
{
    setOverlay($('overlay').hidden);
    keepSetting('overlay', $('overlay').hidden ? '0' : '1');
}

async function goFull()
{
    try {
        await stage.requestFullscreen({navigationUI: 'hide'});
        picture.focus();
    } catch {
        /* the browser said no, and why */
    }
}

$('numbers').addEventListener('click', toggleOverlay);
$('full').hidden = !document.fullscreenEnabled;
$('full').addEventListener('click', goFull);

/* Only while the focus is in the bar: on the picture keys belong to the stream. */
const KEYS = {n: toggleOverlay, f: goFull};
for (const bar of document.querySelectorAll('.bar'))
    bar.addEventListener('keydown', e => {
        if (KEYS[e.key] && !e.ctrlKey && !e.altKey && !e.metaKey && !e.repeat)
            KEYS[e.key]();
    });

/* --- go ------------------------------------------------------------------------------------- */

setFit(setting('fit', ['fit', 'fill', 'actual']));
setOverlay(setting('overlay', ['0', '1']) === '1');
setState('connecting');
document.addEventListener('visibilitychange', watch);
addEventListener('online', link.hurry);
link.connect();
watch();
