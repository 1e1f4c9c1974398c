/* The list of streams: visible pictures, the status of each stream, removed streams. */
import {test} from 'node:test';
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {MIDDLES, QUARTERS, createStream, name, open, pixels, quarters, run, serve, start,
        until} from './helper.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SIZE = '320x240';
const MOVING = `${name}-m`, STILL = name, EMPTY = `${name}-e`;

/* A moving stream, one without a picture and a still one. */
async function scene(t, ...more)
{
    for (const stream of [MOVING, EMPTY, ...more])
        await createStream(t, SIZE, {stream});
    await createStream(t, SIZE);
    const encoders = [STILL, MOVING, ...more].map(stream =>
        start(t, 'shm-encode', ['-s', '0', '-q', '90', '-S', '444', stream]));
    const source = start(t, 'frame-gen', ['-s', SIZE, '-r', '20', '-o', MOVING]);
    const writer = start(t, 'shm-write', [STILL], {stdin: 'pipe'});
    writer.stdin.write(quarters(320, 240));
    return {server: await serve(t, 0, MOVING, EMPTY, ...more), source, writer, encoder: encoders[0]};
}

/* In the page: records the answers to its requests for the status of the streams. */
function tapStreams()
{
    window.streamAnswers = [];
    const real = window.fetch;
    window.fetch = async (url, ...rest) => {
        const answer = await real(url, ...rest);
        if (url === 'streams' && answer.ok)
            streamAnswers.push({at: performance.now(), list: await answer.clone().json()});
        return answer;
    };
}

/* Chromium logs the answer 503 of a stream without a picture. */
async function list(t, server, options)
{
    const page = await open(t, 'about:blank', options);
    page.allowed.push(/503.*snapshot\.jpg/);
    await page.addInitScript(tapStreams);
    await page.goto(server.root);
    return page;
}

const item = stream => `li:has([href="${stream}/"], [data-address="${stream}/"])`;

function facts(page, stream)
{
    return page.textContent(`${item(stream)} .facts`);
}

function says(page, stream, pattern)
{
    return until(`${stream}: ${pattern}`, async () => pattern.test(await facts(page, stream)));
}

/* Records the page's requests as 'STATUS path'. */
function recordRequests(page)
{
    const requests = [];
    page.on('response', answer =>
        requests.push(`${answer.status()} ${new URL(answer.url()).pathname.slice(1)}`));
    return requests;
}

test('the list shows the newest picture and the status of each stream', async t => {
    const {server, writer} = await scene(t);
    const page = await list(t, server);
    const requests = recordRequests(page);
    await says(page, MOVING, /^Live · 320 × 240 · [\d.]+\/s · 0 viewers$/);
    /* The rate is that of the answers of the last 4 seconds, or of one more. */
    await until('the rate', async () => {
        const {now, answers, shown} = await page.evaluate(([stream, selector]) => ({
            now: performance.now(),
            answers: streamAnswers.map(({at, list}) => ({at, frames: list.find(s => s.name === stream).frames})),
            shown: parseFloat(/([\d.]+)\/s/.exec(document.querySelector(selector).textContent)?.[1]),
        }), [MOVING, `${item(MOVING)} .facts`]);
        const last = answers.at(-1);
        const starts = answers.filter(a => a.at < last.at && a.at >= now - 7000);
        return last.at > 5000 && starts.some(first =>
            Math.abs((last.frames - first.frames) * 1000 / (last.at - first.at) - shown) <= 0.6);
    });
    await says(page, STILL, /^Still · 320 × 240 · 0 viewers$/);
    await says(page, EMPTY, /^No picture yet · 0 viewers$/);
    const shows = colours => until('the picture', async () => {
        const got = await pixels(page, MIDDLES, `${item(STILL)} img`);
        return got?.every((pixel, i) => pixel.every((v, c) => Math.abs(v - colours[i][c]) < 8));
    });
    await shows(QUARTERS);
    assert.equal(await page.locator(`${item(EMPTY)} img`).isVisible(), false);
    /* The moving stream has a new picture every time, the still one is not sent again. */
    await until('an unchanged still picture', () => requests.includes(`304 ${STILL}/snapshot.jpg`));
    const moved = () => requests.filter(one => one === `200 ${MOVING}/snapshot.jpg`).length;
    const before = moved();
    await until('new pictures of the moving stream', () => moved() >= before + 2);
    /* The still stream gets another picture. */
    writer.stdin.write(quarters(320, 240, [...QUARTERS].reverse()));
    await shows([...QUARTERS].reverse());
    /* The list counts viewers. */
    const viewer = await page.context().newPage();
    await viewer.goto(`${server.root}${STILL}/`);
    await says(page, STILL, /· 1 viewer$/);
    assert.equal(await page.textContent('#status'), '3 streams');
    assert.deepEqual(requests.filter(one => !/^(200|304|503) /.test(one)), []);
});

test('the list shows pictures in the shape of their pixels', async t => {
    await createStream(t, SIZE, {stream: EMPTY});
    await createStream(t, SIZE);
    start(t, 'shm-encode', [name]);
    const page = await list(t, await serve(t, 0, EMPTY));
    for (const [aspect, shape] of [['2:1', 8 / 3], ['1:2', 2 / 3], ['1:1', 4 / 3]]) {
        const input = Buffer.alloc(320 * 240 * 3, aspect);
        await run('shm-write', ['-s', SIZE, '-f', 'rgb24', '--aspect', aspect, name], {input});
        await until(aspect, () => page.evaluate(([within, want]) => {
            const [box, image] = ['.thumb', '.thumb img'].map(part =>
                document.querySelector(`${within} ${part}`).getBoundingClientRect());
            return image.left >= box.left - 1 && image.top >= box.top - 1 &&
                Math.abs(image.left - box.left - (box.right - image.right)) < 2 &&
                Math.abs(image.width / image.height / want - 1) < 0.03;
        }, [item(name), shape]));
    }
});

test('only visible streams are requested, and nothing while the page is hidden', async t => {
    const more = [1, 2, 3, 4].map(i => `${name}-${i}`);
    const {server} = await scene(t, ...more);
    const page = await list(t, server, {viewport: {width: 320, height: 300}});
    const requests = recordRequests(page);
    const pictures = stream => requests.filter(one => one.endsWith(` ${stream}/snapshot.jpg`)).length;
    await until('the first stream', () => pictures(MOVING) > 2);
    assert.equal(pictures(STILL), 0); /* last in the list */
    await page.locator(item(STILL)).scrollIntoViewIfNeeded();
    await until('the last stream', () => pictures(STILL) > 2);
    const first = pictures(MOVING);
    const last = pictures(STILL);
    await until('the last stream again', () => pictures(STILL) > last + 1);
    assert.ok(pictures(MOVING) <= first + 1, 'no requests for streams that are not visible');

    const hide = hidden => page.evaluate(value => {
        Object.defineProperty(document, 'hidden', {configurable: true, get: () => value});
        document.dispatchEvent(new Event('visibilitychange'));
    }, hidden);
    await hide(true);
    const started = [];
    page.on('request', request => started.push(request.url()));
    /* No new request while two more rounds would follow. */
    await page.waitForTimeout(2500);
    assert.deepEqual(started, []);
    await hide(false);
    await until('requests again', () => started.length > 1);
});

test('the list shows a removed stream, a lost server and a stalled stream', async t => {
    const {server, writer, encoder} = await scene(t);
    const page = await list(t, server);
    page.allowed.push(/410 .*snapshot\.jpg/, /ERR_CONNECTION_REFUSED/, /ERR_EMPTY_RESPONSE/,
                      /ERR_CONNECTION_RESET/, /ERR_INCOMPLETE/);
    await says(page, STILL, /^Still/);
    await run('shm-rm', ['-f', EMPTY]);
    await says(page, EMPTY, /^Removed$/);
    assert.equal(await page.getAttribute(`${item(EMPTY)} a`, 'href'), null);
    await until('two streams', async () => (await page.textContent('#status')) === '2 streams');
    await server.stop();
    await says(page, STILL, /^No connection$/);
    await says(page, EMPTY, /^Removed$/);
    assert.equal(await page.textContent('#status'), 'No connection to the server');
    await serve(t, server.port, MOVING);
    await says(page, MOVING, /^Live/);
    await says(page, STILL, /^Still/);
    /* A still stream is no fault while its writers live. */
    encoder.kill('SIGSTOP');
    await says(page, STILL, /^Stalled: the encoder is stopped · 320 × 240/);
    encoder.kill('SIGCONT');
    await says(page, STILL, /^Still · /);
    writer.stdin.end();
    await says(page, STILL, /^Stalled: the drawing program has ended · /);
});

test('without scripts the list is links with pictures', async t => {
    const {server} = await scene(t);
    await until('a picture', async () => (await fetch(`${server.root}${STILL}/snapshot.jpg`)).ok);
    const page = await list(t, server, {javaScriptEnabled: false});
    const links = await page.locator('main a').all();
    assert.deepEqual(await Promise.all(links.map(link => link.getAttribute('href'))),
                     [MOVING, EMPTY, STILL].map(stream => `${stream}/`));
    assert.deepEqual(await Promise.all(links.map(async link => (await link.textContent()).trim())),
                     [MOVING, EMPTY, STILL]);
    assert.ok(await page.locator(`${item(STILL)} img`).isVisible());
});

test('the list fits 320 pixels, dark and light, works by keyboard, and axe finds nothing', async t => {
    const {server} = await scene(t);
    for (const [width, colorScheme] of [[320, 'dark'], [320, 'light'], [1280, 'dark'], [1280, 'light']]) {
        const page = await list(t, server, {viewport: {width, height: 700}, colorScheme});
        await says(page, STILL, /^Still/);
        const over = await page.evaluate(() => [
            document.documentElement.scrollWidth - innerWidth,
            ...[...document.querySelectorAll('main *')].map(e => e.getBoundingClientRect().right - innerWidth),
        ]);
        assert.ok(over.every(by => by <= 0), `${width}: ${over}`);
        await page.evaluate(AXE);
        const {violations, passes} = await page.evaluate(() => axe.run(document));
        assert.deepEqual(violations.map(v => [v.id, v.nodes.map(n => n.html)]), []);
        assert.ok(passes.some(pass => pass.id === 'color-contrast'));
        for (const stream of [MOVING, EMPTY, STILL]) {
            await page.keyboard.press('Tab');
            assert.equal(await page.evaluate(() => document.activeElement.getAttribute('href')),
                         `${stream}/`);
            assert.notEqual(await page.evaluate(() =>
                getComputedStyle(document.activeElement).outlineStyle), 'none');
        }
        await page.keyboard.press('Enter');
        await page.waitForURL(`${server.root}${STILL}/`);
    }
});
