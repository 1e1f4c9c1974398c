/*
 * What the browser tests share: the pipeline's programs as children that always end, a browser
 * whose console must stay empty, and what event-read says.
 *
 * PATH leads to the programs under test; S is the stream's name (tests/page.bats sets both).
 */
import {spawn} from 'node:child_process';
import {createInterface} from 'node:readline';
import {createServer} from 'node:net';
import {existsSync} from 'node:fs';
import {once} from 'node:events';
import {setTimeout as sleep} from 'node:timers/promises';
import assert from 'node:assert/strict';
import {chromium} from 'playwright-core';

const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
               '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const SECONDS = 20; /* for anything that is waited for */

export const name = process.env.S || `browser-${process.pid}`;

const undo = new WeakMap(); /* test → what its end does, the last first */

/* t.after itself would begin with the first, and take the stream away under its users. */
function after(t, step)
{
    if (!undo.has(t)) {
        undo.set(t, []);
        t.after(async () => {
            const failed = [];
            for (const one of undo.get(t).reverse())
                await one().catch(error => failed.push(error));
            if (failed.length)
                throw failed.length === 1 ? failed[0] : new AggregateError(failed);
        });
    }
    undo.get(t).push(step);
}

/* Tries until what comes back is true, and returns it. */
export async function until(what, look, seconds = SECONDS)
{
    const end = Date.now() + seconds * 1000;
    for (;;) {
        const got = await look();
        if (got)
            return got;
        assert.ok(Date.now() < end, `not within ${seconds} s: ${what}`);
        await sleep(20);
    }
}

/* A child that t's end ends. child.said: its stderr. stop(): by SIGTERM, waits, checks the way. */
export function start(t, command, args, {stdin = 'ignore'} = {})
{
    const child = spawn(command, args, {stdio: [stdin, 'pipe', 'pipe']});
    const ended = once(child, 'exit');
    child.said = '';
    child.stderr.on('data', text => (child.said += text));
    child.stop = async () => {
        child.kill('SIGTERM');
        const [code, signal] = await ended;
        return {code, signal};
    };
    after(t, async () => {
        const {code, signal} = await child.stop();
        if (code !== 0 && signal !== 'SIGTERM')
            assert.fail(`${command} ended with ${code ?? signal}: ${child.said}`);
        assert.equal(child.said, '', command);
    });
    return child;
}

/* Runs to its end, which must be 0 with nothing on stderr; returns its stdout. */
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

/* Of the test's own name, or as the last argument {stream: NAME} says. */
export async function createStream(t, size, ...options)
{
    const {stream} = typeof options.at(-1) === 'object' ? options.pop() : {stream: name};
    await run('shm-create', ['-s', size, ...options, stream]);
    after(t, async () => {
        if (existsSync(`/dev/shm/${stream}`)) /* the test itself may have removed it */
            await run('shm-rm', ['-f', stream]);
    });
}

async function freePort()
{
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const {port} = server.address();
    server.close();
    await once(server, 'close');
    return port;
}

/* ws-serve, once it answers. server.url is the page's address. */
export async function serve(t, port = 0, ...options)
{
    port ||= await freePort();
    const server = start(t, 'ws-serve', ['-p', String(port), ...options, name]);
    server.port = port;
    server.root = `http://127.0.0.1:${port}/`;
    server.url = `${server.root}${name}/`;
    await until('ws-serve answers', async () => {
        assert.equal(server.exitCode, null, server.said);
        try {
            return (await fetch(server.url)).ok;
        } catch {
            return false;
        }
    });
    return server;
}

/* What event-read says from now on, as an array that grows; waits until it listens. */
export async function readEvents(t)
{
    const reader = start(t, 'event-read', ['-f', 'json', '--from', 'start', name]);
    const events = [];
    createInterface({input: reader.stdout}).on('line', line => events.push(JSON.parse(line)));
    return events;
}

/* A picture of width x height whose pixel x, y is pixel(x, y) = [r, g, b], as binary PPM. */
export function ppm(width, height, pixel)
{
    const head = Buffer.from(`P6\n${width} ${height}\n255\n`);
    const data = Buffer.alloc(width * height * 3);
    for (let y = 0, at = 0; y < height; y++)
        for (let x = 0; x < width; x++)
            for (const value of pixel(x, y))
                data[at++] = value;
    return Buffer.concat([head, data]);
}

/* No two quarters alike, however the picture is turned and its channels are swapped. */
export const QUARTERS = [[200, 30, 30], [30, 180, 60], [40, 60, 210], [230, 210, 90]];

export function quarters(width, height, colours = QUARTERS)
{
    return ppm(width, height,
               (x, y) => colours[(x < width / 2 ? 0 : 1) + (y < height / 2 ? 0 : 2)]);
}

/* Encoder and server on a new stream, with a picture that stands still. */
export async function still(t, width, height, picture = quarters(width, height))
{
    await createStream(t, `${width}x${height}`);
    const encoder = start(t, 'shm-encode', ['-q', '90', '-S', '444', name]);
    const writer = start(t, 'shm-write', [name], {stdin: 'pipe'});
    writer.stdin.write(picture);
    const server = await serve(t);
    return {encoder, writer, server};
}

/* The same with frame-gen's moving picture, rate a second. */
export async function moving(t, size, rate)
{
    await createStream(t, size);
    const encoder = start(t, 'shm-encode', ['-q', '90', name]);
    const source = start(t, 'frame-gen', ['-s', size, '-r', String(rate), '-o', name]);
    const server = await serve(t);
    return {encoder, source, server};
}

/*
 * A page in a browser of its own. Whatever it writes on its console, and any exception, fails the
 * test, but for what is in page.allowed (regular expressions).
 */
export async function open(t, url, options = {})
{
    const browser = await chromium.launch({executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
                                           args: FLAGS});
    const context = await browser.newContext({viewport: {width: 900, height: 600}, ...options});
    const page = await context.newPage();
    const said = [];
    page.allowed = [];
    page.on('console', message => said.push(`${message.type()}: ${message.text()} (${message.location().url})`));
    page.on('pageerror', error => said.push(`exception: ${error.stack}`));
    after(t, async () => {
        await browser.close();
        assert.deepEqual(said.filter(text => !page.allowed.some(a => a.test(text))), []);
    });
    await page.goto(url);
    return page;
}

export function stateOf(page)
{
    return page.evaluate(() => document.documentElement.dataset.state);
}

export async function live(page)
{
    await until('the page is live', async () => (await stateOf(page)) === 'live');
}

/* Pixels [r, g, b] of a canvas or image at these fractions of its picture; null without one. */
export function pixels(page, points, what = '#picture')
{
    return page.evaluate(([list, selector]) => {
        const source = document.querySelector(selector);
        const width = source.naturalWidth ?? source.width;
        const height = source.naturalHeight ?? source.height;
        if (!width || !height)
            return null;
        const context = new OffscreenCanvas(width, height).getContext('2d', {willReadFrequently: true});
        context.drawImage(source, 0, 0);
        return list.map(([x, y]) =>
            [...context.getImageData(Math.floor(x * width), Math.floor(y * height), 1, 1).data.slice(0, 3)]);
    }, [points, what]);
}

/* The middles of the quarters. */
export const MIDDLES = [[0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75]];

export function near(got, want, tolerance, what)
{
    assert.equal(got.length, want.length, what);
    got.forEach((x, i) => assert.ok(Math.abs(x - want[i]) <= tolerance,
                                    `${what}: ${got} is not ${want} within ${tolerance}`));
}

/* Where the canvas is on the page, in CSS pixels. */
export function canvasBox(page)
{
    return page.evaluate(() => {
        const {left, top, width, height} = document.getElementById('picture').getBoundingClientRect();
        return {left, top, width, height};
    });
}

/* An event's place, in CSS pixels of the page. */
export function nearPlace(event, box, x, y)
{
    near([box.left + event.x * box.width, box.top + event.y * box.height], [x, y], 0.5,
         `${event.type} at`);
}

/* Two animation frames later every move is on its way. */
export function settle(page)
{
    return page.evaluate(() => new Promise(done =>
        requestAnimationFrame(() => requestAnimationFrame(done))));
}

/* The events so far without resizes, once the last of them is of this type. */
export async function eventsUpTo(events, type, count = 1)
{
    const mine = () => events.filter(e => e.type !== 'resize');
    await until(`${count} ${type}, of ${JSON.stringify(mine())}`, () =>
        mine().filter(e => e.type === type).length >= count);
    return mine();
}
