/*
 * Shared by the browser tests: the pipeline's programs as children that always end, a browser whose
 * console must stay empty, and the events that event-read prints.
 *
 * PATH finds the programs under test; S is the name of the stream (tests/support/helper.bash sets both).
 */
import {spawn} from 'node:child_process';
import {createInterface} from 'node:readline';
import {existsSync, readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {once} from 'node:events';
import {after as atEnd} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import assert from 'node:assert/strict';
import {chromium} from 'playwright-core';

const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
               '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const SECONDS = 60; /* default time limit of until() */

export const name = process.env.S || `browser-${process.pid}`;

const undo = new WeakMap(); /* test → its clean-up steps */

/* Runs clean-up steps in reverse order. t.after would remove the stream while programs still use it. */
export function after(t, step)
{
    if (!undo.has(t)) {
        undo.set(t, []);
        t.after(async () => {
            const failed = [];
            for (const clean of undo.get(t).reverse())
                await clean().catch(error => failed.push(error));
            if (failed.length)
                throw failed.length === 1 ? failed[0] : new AggregateError(failed);
        });
    }
    undo.get(t).push(step);
}

/* Calls check until its result is true, and returns the result. what: a name for the condition, or a
 * function that returns it. */
export async function until(what, check, seconds = SECONDS)
{
    const end = Date.now() + seconds * 1000;
    for (;;) {
        const got = await check();
        if (got)
            return got;
        assert.ok(Date.now() < end,
                  `not within ${seconds} s: ${typeof what === 'function' ? what() : what}`);
        await sleep(20);
    }
}

/* Starts a child that the end of t stops. child.said: its stderr. child.stop(): sends SIGTERM or another
 * signal, and waits. */
export function start(t, command, args, {stdin = 'ignore'} = {})
{
    const child = spawn(command, args, {stdio: [stdin, 'pipe', 'pipe']});
    const ended = once(child, 'exit');
    child.said = '';
    child.stderr.on('data', text => (child.said += text));
    let sent = null; /* the first signal */
    child.stop = async (signal = 'SIGTERM') => {
        sent ??= signal;
        child.kill(signal);
        const [code, by] = await ended;
        return {code, signal: by};
    };
    after(t, async () => {
        const {code, signal} = await child.stop();
        if (code !== 0 && signal !== sent)
            assert.fail(`${command} ended with ${code ?? signal}: ${child.said}`);
        assert.equal(child.said, '', command);
    });
    return child;
}

/* Runs a program, which must exit 0 and print nothing on stderr; returns its stdout. */
export async function run(command, args, {input} = {})
{
    const child = spawn(command, args, {stdio: ['pipe', 'pipe', 'pipe']});
    let out = '', err = '';
    child.stdout.on('data', text => (out += text));
    child.stderr.on('data', text => (err += text));
    child.stdin.end(input);
    const [code, signal] = await once(child, 'close');
    assert.equal(`${code ?? signal}${err}`, '0', `${command} ${args.join(' ')}`);
    return out;
}

/* Creates the test's stream, or the one that a last argument {stream: NAME} names. */
export async function createStream(t, size, ...options)
{
    const {stream} = typeof options.at(-1) === 'object' ? options.pop() : {stream: name};
    await run('shm-create', ['-s', size, ...options, stream]);
    after(t, async () => {
        if (existsSync(`/dev/shm/${stream}`)) /* the test may have removed it */
            await run('shm-rm', ['-f', stream]);
    });
}

/* Starts ws-serve, or the program that SERVER names, and waits until it listens. server.url is the page's
 * address, server.root the server's. */
export async function serve(t, port = 0, ...options)
{
    const server = start(t, process.env.SERVER || 'ws-serve', ['-p', String(port), ...options, name]);
    createInterface({input: server.stdout}).on('line', line => (server.root = line));
    await until('the server listens', () => {
        assert.equal(server.exitCode, null, server.said);
        return server.root;
    });
    server.port = new URL(server.root).port;
    server.url = `${server.root}${name}/`;
    return server;
}

/* Returns a growing array of the events that event-read prints. */
export async function readEvents(t)
{
    const reader = start(t, 'event-read', ['-f', 'json', '--from', 'start', name]);
    const events = [];
    createInterface({input: reader.stdout}).on('line', line => events.push(JSON.parse(line)));
    return events;
}

/* Returns a binary PPM of width x height whose pixel x, y is pixel(x, y) = [r, g, b]. event: number of the
 * last event that it shows. */
export function ppm(width, height, pixel, event = 0)
{
    const head = Buffer.from(`P6\n# event=${event}\n${width} ${height}\n255\n`);
    const data = Buffer.alloc(width * height * 3);
    for (let y = 0, at = 0; y < height; y++)
        for (let x = 0; x < width; x++)
            for (const value of pixel(x, y))
                data[at++] = value;
    return Buffer.concat([head, data]);
}

/* All quarters differ, so that rotated pictures and swapped channels are detected. */
export const QUARTERS = [[200, 30, 30], [30, 180, 60], [40, 60, 210], [230, 210, 90]];

export function quarters(width, height, colours = QUARTERS)
{
    return ppm(width, height,
               (x, y) => colours[(x < width / 2 ? 0 : 1) + (y < height / 2 ? 0 : 2)]);
}

/* Encoder and server on a new stream that shows a still picture. */
export async function still(t, width, height, ...options)
{
    await createStream(t, `${width}x${height}`);
    const encoder = start(t, 'shm-encode', ['-s', '0', '-q', '90', '-S', '444', name]);
    const writer = start(t, 'shm-write', [name], {stdin: 'pipe'});
    writer.stdin.write(quarters(width, height));
    const server = await serve(t, 0, ...options);
    return {encoder, writer, server};
}

/* The same with frame-gen's moving picture, rate frames per second, and further options of ws-serve. */
export async function moving(t, size, rate, ...options)
{
    await createStream(t, size);
    const encoder = start(t, 'shm-encode', ['-s', '0', '-q', '90', name]);
    const source = start(t, 'frame-gen', ['-s', size, '-r', String(rate), '-e', name, '-o', name]);
    const server = await serve(t, 0, ...options);
    return {encoder, source, server};
}

/* The JSON of /NAME/stats. */
export async function statsOf(server)
{
    return (await fetch(`${server.url}stats`)).json();
}

/* One browser for all tests of a process, except for tests that pass flags. */
let shared = null;

export function launch(flags = [], how = 'launch')
{
    return chromium[how]({executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
                          args: [...FLAGS, ...flags]});
}

atEnd(async () => {
    await (await shared)?.close();
});

/*
 * Opens a page with storage of its own, or that of context. Console output and exceptions (page.said)
 * fail the test unless they match one of page.allowed (regular expressions). wire: records the messages of
 * its WebSockets, see wireOf; 'without acks' keeps acknowledgements from the server.
 */
export async function open(t, url, {flags, context, wire, ...options} = {})
{
    const own = flags && await launch(flags);
    if (!own)
        shared ??= launch();
    const within = context
        ?? await (own || await shared).newContext({viewport: {width: 900, height: 600}, ...options});
    const page = await within.newPage();
    const said = [];
    page.allowed = [];
    page.said = said;
    page.on('console', message => said.push(`${message.type()}: ${message.text()} (${message.location().url})`));
    page.on('pageerror', error => said.push(`exception: ${error.stack}`));
    after(t, async () => {
        await (own ? own.close() : context ? page.close() : within.close());
        assert.deepEqual(said.filter(text => !page.allowed.some(a => a.test(text))), []);
    });
    if (wire)
        await page.addInitScript(tapWire, wire);
    await page.goto(url);
    return page;
}

/* In the page: records every message and its time, in ms of performance.now(). Text messages are held
 * back while wire.held is an array. */
function tapWire(how)
{
    const wire = window.wire = {sent: [], got: [], held: null};
    const Real = WebSocket;
    window.WebSocket = class extends Real {
        set onmessage(act)
        {
            super.onmessage = act && (e => {
                const text = typeof e.data === 'string';
                wire.got.push({at: performance.now(), ...(text ? JSON.parse(e.data) : {bytes: e.data.byteLength}),
                               ...(!text && {seq: Number(/seq=(\d+)/.exec(new TextDecoder('latin1').decode(e.data.slice(0, 400)))?.[1]),
                                             captured: Number(/captured=([\d.]+)/.exec(new TextDecoder('latin1').decode(e.data.slice(0, 400)))?.[1])})});
                if (text && wire.held)
                    wire.held.push(() => act(e));
                else
                    act(e);
            });
        }

        send(data)
        {
            const message = JSON.parse(data);
            wire.sent.push({at: performance.now(), ...message});
            if (how !== 'without acks' || message.type !== 'ack')
                super.send(data);
        }
    };
}

/* {sent, got} so far. Images are {at, bytes, seq, captured}; text messages have at added. */
export function wireOf(page)
{
    return page.evaluate(() => ({sent: wire.sent, got: wire.got}));
}

/* Types of the events that the page sent. */
export async function eventsSent(page)
{
    return (await wireOf(page)).sent.map(m => m.type)
        .filter(type => !['hello', 'ping', 'ack', 'control'].includes(type));
}

export function stateOf(page)
{
    return page.evaluate(() => document.documentElement.dataset.state);
}

/* Waits until the page shows a picture. On a slow machine it may already be at rest again. */
export async function live(page)
{
    let state;
    await until(() => [`the page is live, not ${state}`, ...page.said ?? []].join('; '),
                async () => ['live', 'still'].includes(state = await stateOf(page)));
}

/* Waits until the page is live and has control, so that it sends input. */
export async function ready(page)
{
    await live(page);
    await until('the page has control', () =>
        page.evaluate(() => document.documentElement.classList.contains('has-control')));
}

/* The visible canvas or video of the page's picture. */
export const SHOWN = '#picture > :not([hidden])';

/* The size of the visible picture, as text. */
export function sizeOf(page)
{
    return page.evaluate(selector => {
        const source = document.querySelector(selector);
        return `${source?.videoWidth ?? source?.width} × ${source?.videoHeight ?? source?.height}`;
    }, SHOWN);
}

/* Pixels [r, g, b] of a canvas, image or video at these fractions of its size; null if it has no picture. */
export function pixels(page, points, what = SHOWN)
{
    return page.evaluate(([list, selector]) => {
        const source = document.querySelector(selector);
        const width = source?.naturalWidth ?? source?.videoWidth ?? source?.width;
        const height = source?.naturalHeight ?? source?.videoHeight ?? source?.height;
        if (!width || !height)
            return null;
        const context = new OffscreenCanvas(width, height).getContext('2d', {willReadFrequently: true});
        context.drawImage(source, 0, 0);
        return list.map(([x, y]) =>
            [...context.getImageData(Math.floor(x * width), Math.floor(y * height), 1, 1).data.slice(0, 3)]);
    }, [points, what]);
}

/* Captures the picture in each of count animation frames: the pixels as concatenated RGBA, and the
 * numbers that frame-gen drew into the pictures. */
export async function watch(page, count)
{
    const size = (await sizeOf(page)).replace(' × ', 'x');
    const taken = await page.evaluate(async ([n, selector, width, height]) => {
        const context = new OffscreenCanvas(width, height).getContext('2d', {willReadFrequently: true});
        const all = new Uint8Array(n * width * height * 4);
        for (let i = 0; i < n; i++) {
            await new Promise(requestAnimationFrame);
            context.drawImage(document.querySelector(selector), 0, 0, width, height);
            all.set(context.getImageData(0, 0, width, height).data, i * width * height * 4);
        }
        const reader = new FileReader();
        reader.readAsDataURL(new Blob([all]));
        await new Promise(done => (reader.onload = done));
        return reader.result;
    }, [count, SHOWN, ...size.split('x').map(Number)]);
    const all = Buffer.from(taken.slice(taken.indexOf(',') + 1), 'base64');
    /* Exit status 0: in every picture three numbers are readable and agree. */
    const numbers = (await run('frame-gen', ['--read', '-s', size, '-f', 'rgba'], {input: all}))
        .trim().split('\n').map(Number);
    return {all, numbers};
}

/* The centres of the quarters. */
export const MIDDLES = [[0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75]];

export function near(got, want, tolerance, what)
{
    assert.equal(got.length, want.length, what);
    got.forEach((x, i) => assert.ok(Math.abs(x - want[i]) <= tolerance,
                                    `${what}: ${got} is not ${want} within ${tolerance}`));
}

/* Position of the picture on the page, in CSS pixels. */
export function canvasBox(page)
{
    return page.evaluate(() => {
        const {left, top, width, height} = document.getElementById('picture').getBoundingClientRect();
        return {left, top, width, height};
    });
}

/* Asserts the position of an event, in CSS pixels of the page. */
export function nearPlace(event, box, x, y)
{
    near([box.left + event.x * box.width, box.top + event.y * box.height], [x, y], 0.5,
         `${event.type} at`);
}

/* Waits for two animation frames: then every move has been sent. */
export function settle(page)
{
    return page.evaluate(() => new Promise(done =>
        requestAnimationFrame(() => requestAnimationFrame(done))));
}

/* Returns the events so far, without resizes, once count of them have this type. */
export async function eventsUpTo(events, type, count = 1)
{
    const mine = () => events.filter(e => e.type !== 'resize');
    await until(`${count} ${type}, of ${JSON.stringify(mine())}`, () =>
        mine().filter(e => e.type === type).length >= count);
    return mine();
}

/* Fingers, injected as system input. Each call takes the fingers that are down afterwards, [id, x, y] each.
 * at(seconds since 1970): the same with this time. */
export async function hand(page)
{
    const session = await page.context().newCDPSession(page);
    const touch = timestamp => {
        const send = (type, points) => session.send('Input.dispatchTouchEvent', {
            type, ...(timestamp && {timestamp}), touchPoints: points.map(([id, x, y]) => ({id, x, y}))});
        return {
            down: (...points) => send('touchStart', points),
            move: async (...points) => {
                await send('touchMove', points);
                await settle(page); /* so that no two moves merge */
            },
            up: (...points) => send('touchEnd', points),
            cancel: () => send('touchCancel', []),
        };
    };
    return {...touch(), at: touch};
}

/* Hides the page by opening another in front; page.bringToFront() shows it again. Playwright emulates
 * focus on every page, which only its internals can switch off. */
export async function hide(page)
{
    const session = page._connection.toImpl(page).delegate._mainFrameSession._client;
    await session.send('Emulation.setFocusEmulationEnabled', {enabled: false});
    const other = await page.context().newPage();
    await other.bringToFront();
    await until('hidden', () => page.evaluate(() => document.hidden));
}

/* Asserts that axe-core finds nothing on the page in its current state. what: a name for the state. */
export async function axe(page, what)
{
    const file = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
    await page.evaluate(readFileSync(file, 'utf8')); /* not subject to the page's security policy */
    const found = await page.evaluate(async () => {
        const {violations, passes} = await window.axe.run(document, {resultTypes: ['violations']});
        return {
            passed: passes.length,
            wrong: violations.map(v => `${v.id}: ${v.nodes.map(n => n.html + n.failureSummary).join('; ')}`),
        };
    });
    assert.deepEqual(found.wrong, [], what);
    assert.ok(found.passed > 15, `${found.passed} rules applied`);
}
