/* The canvas shows the stream: size, colours, orientation. */
import {test} from 'node:test';
import assert from 'node:assert/strict';
import {MIDDLES, QUARTERS, canvasBox, live, moving, name, near, open, pixels, run, sizeOf, still, until,
        watch} from './helper.mjs';

test('the canvas shows the picture, on the page of a stream and at the root', async t => {
    const {server} = await still(t, 321, 177);
    for (const url of [server.url, server.root]) {
        const page = await open(t, url);
        await live(page);
        assert.equal(await sizeOf(page), '321 × 177');
        const got = await pixels(page, MIDDLES);
        got.forEach((pixel, i) => near(pixel, QUARTERS[i], 6, `quarter ${i} at ${url}`));
        /* At the root only the server knows the stream's name. */
        await until('the name is shown', async () =>
            (await page.textContent('#name')) === server.url.split('/').at(-2));
    }
});

test('pixels that are not square give the picture its shape', async t => {
    const {server, writer} = await still(t, 64, 64);
    await writer.stop();
    for (const way of ['', '?transport=mjpeg']) {
        const page = await open(t, server.url + way);
        for (const [aspect, shape] of [['2:1', 2], ['3:4', 0.75], ['1:1', 1]]) {
            const input = Buffer.alloc(64 * 64 * 3, aspect);
            await run('shm-write', ['-s', '64x64', '-f', 'rgb24', '--aspect', aspect, name], {input});
            await until(`${aspect} ${way}`, async () => {
                const {width, height} = await canvasBox(page);
                return Math.abs(width / height / shape - 1) < 0.02;
            });
            assert.equal(await sizeOf(page), '64 × 64');
        }
    }
});

test('frames never go backwards, and each is complete', async t => {
    const {server} = await moving(t, '320x180', 30);
    const page = await open(t, server.url);
    await live(page);
    const {numbers} = await watch(page, 90);
    assert.equal(numbers.length, 90);
    numbers.forEach((n, i) => assert.ok(!i || n >= numbers[i - 1], `${n} after ${numbers[i - 1]}`));
    assert.ok(new Set(numbers).size > 10, `shown: ${numbers}`);
});

test('drawn frames are acknowledged', async t => {
    const {server} = await moving(t, '320x180', 20);
    const page = await open(t, server.url);
    await live(page);
    const viewer = async () => (await (await fetch(`${server.url}stats`)).json()).viewer_list[0];
    await until('acknowledgements', async () => (await viewer()).acked >= 20);
    const {acked, sent} = await viewer();
    assert.ok(acked <= sent, `${acked} of ${sent}`);
});

test('a script that was lost on the way is fetched again', async t => {
    const {server} = await still(t, 64, 48);
    const page = await open(t, 'about:blank');
    page.allowed.push(/ERR_CONNECTION_RESET/);
    let lost = 0, loads = 0;
    await page.route('**/writers.js', route => (lost++ ? route.fallback() : route.abort('connectionreset')));
    page.on('load', () => loads++);
    await page.goto(server.url);
    await until('the page is loaded again', () => loads > 1);
    await live(page);
    assert.equal(lost, 2);
});

test('a request that the browser never ends is repeated', async t => {
    const {server} = await still(t, 64, 48);
    const page = await open(t, 'about:blank');
    let requests = 0;
    await page.route('**/stats', route => requests++ && route.fallback());
    await page.clock.install({time: 0});
    await page.clock.pauseAt(1000);
    await page.addInitScript(() => (AbortSignal.timeout = () => new AbortController().signal));
    await page.goto(server.url);
    await until('the request', () => requests);
    await page.clock.runFor(12000);
    await until('another', () => requests > 1);
    await page.clock.resume();
    await live(page);
});
