/* The canvas shows the stream: size, colours, orientation. */
import {test} from 'node:test';
import assert from 'node:assert/strict';
import {MIDDLES, QUARTERS, live, moving, near, open, pixels, sizeOf, still, until, watch} from './helper.mjs';

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
