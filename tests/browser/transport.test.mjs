/* The option transport in the page's address. */
import {test} from 'node:test';
import assert from 'node:assert/strict';
import {MIDDLES, QUARTERS, live, moving, near, open, pixels, ppm, serve, sizeOf, stateOf, still,
        until, watch} from './helper.mjs';

const transports = async server =>
    (await (await fetch(`${server.url}stats`)).json()).viewer_list.map(v => v.transport);

test('transport=mjpeg: the same pictures by MJPEG alone, view only', async t => {
    const {server, writer} = await still(t, 321, 177);
    const page = await open(t, `${server.url}?transport=mjpeg&overlay=1`);
    await live(page);
    assert.deepEqual(await transports(server), ['mjpeg']);
    assert.equal(await sizeOf(page), '321 × 177');
    (await pixels(page, MIDDLES)).forEach((pixel, i) => near(pixel, QUARTERS[i], 6, `quarter ${i}`));
    /* The server sends the last picture twice, which does not count as a new one. */
    await until('still', async () => (await stateOf(page)) === 'still');
    writer.stdin.write(ppm(200, 150, () => [10, 200, 220]));
    await until('the next picture', async () => (await sizeOf(page)) === '200 × 150');
    await live(page);
    assert.equal(await page.textContent('#o-transport'), 'MJPEG view only');
    assert.equal(await page.textContent('#o-frame-delay'), '– ms');
    assert.equal(await page.getAttribute('#picture', 'aria-label'), 'Live picture, view only.');
    await page.mouse.click(400, 300);

    page.allowed.push(/ERR_CONNECTION_REFUSED/);
    await server.stop();
    await until('the page shows the loss', async () => (await stateOf(page)) === 'reconnecting');
    const again = await serve(t, server.port);
    await live(page);
    const {events, viewers} = await (await fetch(`${again.url}stats`)).json();
    assert.deepEqual({events, viewers}, {events: 0, viewers: 1});
});

test('large MJPEG pictures are complete, and keep coming', async t => {
    const {server} = await moving(t, '1920x1080', 30);
    const page = await open(t, `${server.url}?transport=mjpeg`);
    await live(page);
    const {numbers} = await watch(page, 5);
    await until('30 more', async () => (await watch(page, 1)).numbers[0] > numbers.at(-1) + 30);
    numbers.forEach((n, i) => assert.ok(!i || n >= numbers[i - 1], `${n} after ${numbers[i - 1]}`));
});

test('a server without WebRTC gets a WebSocket, whatever the address asks for', async t => {
    const {server} = await still(t, 320, 240);
    for (const wish of ['', '?transport=webrtc', '?transport=ws', '?transport=pigeon']) {
        const page = await open(t, server.url + wish);
        await live(page);
        assert.deepEqual(await transports(server), ['websocket'], wish);
        await page.close();
        await until('the viewer left', async () => (await transports(server)).length === 0);
    }
});
