/* The canvas shows the stream: size, colours, the right way up. */
import {test} from 'node:test';
import assert from 'node:assert/strict';
import {MIDDLES, QUARTERS, live, moving, near, open, pixels, run, still, until} from './helper.mjs';

test('the canvas shows the picture, at the page and at the root', async t => {
    const {server} = await still(t, 321, 177);
    for (const url of [server.url, server.root]) {
        const page = await open(t, url);
        await live(page);
        const size = await page.evaluate(() => {
            const {width, height} = document.getElementById('picture');
            return [width, height];
        });
        assert.deepEqual(size, [321, 177]);
        const got = await pixels(page, MIDDLES);
        got.forEach((pixel, i) => near(pixel, QUARTERS[i], 6, `quarter ${i} at ${url}`));
        /* At the root only the server knows the name. */
        await until('the name is shown', async () =>
            (await page.textContent('#name')) === server.url.split('/').at(-2));
    }
});

/* What the canvas holds in each of count animation frames, as RGBA. */
async function watch(page, count)
{
    const taken = await page.evaluate(async n => {
        const source = document.getElementById('picture');
        const {width, height} = source;
        const context = new OffscreenCanvas(width, height).getContext('2d', {willReadFrequently: true});
        const all = new Uint8Array(n * width * height * 4);
        for (let i = 0; i < n; i++) {
            await new Promise(requestAnimationFrame);
            context.drawImage(source, 0, 0);
            all.set(context.getImageData(0, 0, width, height).data, i * width * height * 4);
        }
        const reader = new FileReader();
        reader.readAsDataURL(new Blob([all]));
        await new Promise(done => (reader.onload = done));
        return reader.result;
    }, count);
    return Buffer.from(taken.slice(taken.indexOf(',') + 1), 'base64');
}

test('pictures go on, never back, and each is whole', async t => {
    const {server} = await moving(t, '320x180', 30);
    const page = await open(t, server.url);
    await live(page);
    const taken = await watch(page, 90);
    /* Exit 0: every one has its three numbers, and they agree. */
    const numbers = (await run('frame-gen', ['--read', '-s', '320x180', '-f', 'rgba'], {input: taken}))
        .trim().split('\n').map(Number);
    assert.equal(numbers.length, 90);
    numbers.forEach((n, i) => assert.ok(!i || n >= numbers[i - 1], `${n} after ${numbers[i - 1]}`));
    assert.ok(new Set(numbers).size > 10, `shown: ${numbers}`);
});

test('pictures that were drawn are acknowledged', async t => {
    const {server} = await moving(t, '320x180', 20);
    const page = await open(t, server.url);
    await live(page);
    const viewer = async () => (await (await fetch(`${server.url}stats`)).json()).viewer_list[0];
    await until('acknowledgements', async () => (await viewer()).acked >= 20);
    const {acked, sent} = await viewer();
    assert.ok(acked <= sent, `${acked} of ${sent}`);
});
