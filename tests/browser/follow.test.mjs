/* The page follows a server restart, a larger stream, a picture of another size. */
import {test} from 'node:test';
import assert from 'node:assert/strict';
import {QUARTERS, eventsUpTo, live, moving, name, near, open, pixels, ppm, quarters, readEvents, ready,
        run, serve, sizeOf, start, stateOf, still, until} from './helper.mjs';

test('the page survives a restart of the server, and says so', async t => {
    const {server, writer} = await still(t, 320, 200);
    const events = await readEvents(t);
    const page = await open(t, server.url);
    page.allowed.push(/WebSocket connection to .* failed|ERR_CONNECTION_REFUSED/); /* Chromium's messages */
    await ready(page);

    await page.mouse.move(200, 300);
    await page.mouse.down();
    await eventsUpTo(events, 'pointer_down');
    await server.stop();
    await until('the page shows the loss', async () => (await stateOf(page)) === 'reconnecting');
    assert.equal(await page.textContent('#state'), 'Reconnecting');
    near((await pixels(page, [[0.25, 0.25]]))[0], QUARTERS[0], 6, 'the last picture stays');
    await until('the picture fades', () =>
        page.evaluate(() => parseFloat(getComputedStyle(document.getElementById('picture')).opacity) < 1));

    await eventsUpTo(events, 'pointer_up'); /* the server released the button */

    await serve(t, server.port);
    await ready(page);
    await page.mouse.up(); /* the page does not release it again */
    writer.stdin.write(ppm(320, 200, () => [10, 200, 220]));
    await until('the new picture', async () => {
        const [[r, g, b]] = await pixels(page, [[0.25, 0.25]]);
        return Math.abs(r - 10) < 8 && Math.abs(g - 200) < 8 && Math.abs(b - 220) < 8;
    });
    await page.mouse.click(300, 300);
    const got = await eventsUpTo(events, 'pointer_up', 2);
    assert.deepEqual(got.filter(e => /_(down|up)$/.test(e.type)).map(e => e.type),
                     ['pointer_down', 'pointer_up', 'pointer_down', 'pointer_up']);
});

test('the page follows --replace to a larger stream', async t => {
    const {server, source} = await moving(t, '320x180', 20);
    const page = await open(t, server.url);
    await live(page);
    assert.equal(await sizeOf(page), '320 × 180');
    await run('shm-create', ['--replace', '-s', '1280x720', name]);
    await source.stop(); /* it would keep its size */
    start(t, 'frame-gen', ['-s', '1280x720', '-r', '20', '-o', name]);
    await until('the larger picture', async () => (await sizeOf(page)) === '1280 × 720');
    await live(page);
});

test('a picture of another size in the same stream', async t => {
    const {server, writer} = await still(t, 640, 360);
    const page = await open(t, server.url);
    await live(page);
    for (const [width, height] of [[200, 300], [1, 1], [17, 31], [640, 360]]) {
        writer.stdin.write(quarters(width, height));
        await until(`${width} × ${height}`, async () =>
            (await sizeOf(page)) === `${width} × ${height}`);
    }
    near((await pixels(page, [[0.75, 0.75]]))[0], QUARTERS[3], 6, 'last quarter');
});

test('the size of the window is reported in screen pixels', async t => {
    const {server} = await still(t, 640, 360);
    const events = await readEvents(t);
    const page = await open(t, server.url, {viewport: {width: 800, height: 648}, deviceScaleFactor: 2});
    await live(page);
    const sizes = () => events.filter(e => e.type === 'resize').map(e => [e.width, e.height, e.ratio]);
    await until('the first size', () => sizes().length === 1);
    assert.deepEqual(sizes(), [[1600, 1200, 2]]);
    await page.setViewportSize({width: 1000, height: 548});
    await until('the second size', () => sizes().length === 2);
    assert.deepEqual(sizes()[1], [2000, 1000, 2]);
});
