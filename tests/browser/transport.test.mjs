/* What the page's address may say of the way that the pictures come. */
import {test} from 'node:test';
import assert from 'node:assert/strict';
import {MIDDLES, QUARTERS, live, moving, near, open, pixels, ppm, serve, sizeOf, stateOf, still,
        until, watch} from './helper.mjs';

const transports = async server =>
    (await (await fetch(`${server.url}stats`)).json()).viewer_list.map(v => v.transport);

test('transport=mjpeg: the same pictures by MJPEG alone, and nobody steers', async t => {
    const {server, writer} = await still(t, 321, 177);
    const page = await open(t, `${server.url}?transport=mjpeg&overlay=1`);
    await live(page);
    assert.deepEqual(await transports(server), ['mjpeg']);
    assert.equal(await sizeOf(page), '321 × 177');
    (await pixels(page, MIDDLES)).forEach((pixel, i) => near(pixel, QUARTERS[i], 6, `quarter ${i}`));
    /* The last one comes a second time, which is no new picture. */
    await until('stalled', async () => (await stateOf(page)) === 'stalled');
    writer.stdin.write(ppm(200, 150, () => [10, 200, 220]));
    await until('the next', async () => (await sizeOf(page)) === '200 × 150');
    await live(page);
    assert.equal(await page.textContent('#o-way'), 'MJPEG pictures only');
    assert.equal(await page.textContent('#o-screen'), '– ms');
    assert.equal(await page.getAttribute('#picture', 'aria-label'), 'Live picture, view only.');
    await page.mouse.click(400, 300);

    page.allowed.push(/ERR_CONNECTION_REFUSED/);
    await server.stop();
    await until('the loss is shown', async () => (await stateOf(page)) === 'reconnecting');
    const again = await serve(t, server.port);
    await live(page);
    const {events, viewers} = await (await fetch(`${again.url}stats`)).json();
    assert.deepEqual({events, viewers}, {events: 0, viewers: 1});
});

test('pictures by MJPEG are whole, large and many', async t => {
    const {server} = await moving(t, '1920x1080', 30);
    const page = await open(t, `${server.url}?transport=mjpeg`);
    await live(page);
    const {numbers} = await watch(page, 5);
    await until('more', async () => (await watch(page, 1)).numbers[0] > numbers.at(-1) + 30);
    numbers.forEach((n, i) => assert.ok(!i || n >= numbers[i - 1], `${n} after ${numbers[i - 1]}`));
});

test('a server that has no WebRTC is spoken to by WebSocket, whatever the address wants', async t => {
    const {server} = await still(t, 320, 240);
    for (const wish of ['', '?transport=webrtc', '?transport=ws', '?transport=pigeon']) {
        const page = await open(t, server.url + wish);
        await live(page);
        assert.deepEqual(await transports(server), ['websocket'], wish);
        await page.close();
        await until('it left', async () => (await transports(server)).length === 0);
    }
});
