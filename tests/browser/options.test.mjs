/* Options in the address, no JavaScript, and servers that refuse the page. */
import {test} from 'node:test';
import assert from 'node:assert/strict';
import {writeFileSync, rmSync, mkdtempSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {MIDDLES, QUARTERS, createStream, live, name, open, pixels, run, serve, stateOf, still, until} from './helper.mjs';

test('bar=0 leaves only the picture, background colours the rest', async t => {
    const {server} = await still(t, 640, 360);
    const page = await open(t, `${server.url}?bar=0&background=rgb(10,20,30)`);
    await live(page);
    const measure = () => page.evaluate(() => {
        const {left, top, width, height} = document.getElementById('stage').getBoundingClientRect();
        return [left, top, width - innerWidth, height - innerHeight,
                getComputedStyle(document.getElementById('stage')).backgroundColor];
    });
    assert.deepEqual(await measure(), [0, 0, 0, 0, 'rgb(10, 20, 30)']);
    /* A value that is not a colour has no effect. */
    await page.goto(`${server.url}?background=url(x)`);
    await live(page);
    assert.notEqual((await measure())[4], 'rgb(10, 20, 30)');
    assert.equal(await page.evaluate(() => document.getElementById('stage').style.background), '');
});

test('without JavaScript the picture is shown', async t => {
    const {server} = await still(t, 320, 240);
    const page = await open(t, server.url, {javaScriptEnabled: false});
    const image = page.locator('noscript img');
    await until('an image', async () => (await image.count()) === 1);
    await until('the picture', async () => {
        const shot = await image.screenshot();
        const other = await open(t, 'about:blank');
        await other.setContent(`<img src="data:image/png;base64,${shot.toString('base64')}">`);
        const got = await pixels(other, MIDDLES, 'img');
        return got?.every((pixel, i) => pixel.every((v, c) => Math.abs(v - QUARTERS[i][c]) < 12));
    });
});

/* Replaces the server by one that refuses the page. */
async function refused(t, ...options)
{
    const {server} = await still(t, 320, 240);
    const page = await open(t, server.url);
    await live(page);
    page.allowed.push(/WebSocket connection to .* failed|Failed to load resource/);
    await server.stop();
    await serve(t, server.port, ...options);
    await until('refused', async () => (await stateOf(page)) === 'refused');
    return page;
}

test('a server that requires a token: the page says what to do', async t => {
    const folder = mkdtempSync(`${tmpdir()}/page-`);
    t.after(() => rmSync(folder, {recursive: true}));
    writeFileSync(`${folder}/tokens`, `control ${'c'.repeat(32)}\n`, {mode: 0o600});
    const page = await refused(t, '--token-file', `${folder}/tokens`);
    const says = await page.textContent('#notice');
    assert.match(says, /requires a token: reload this page/);
    await until('the notice', () => page.isVisible('#notice'));
    await until('the announcement', async () => (await page.textContent('#announcement')) === says);
});

test('a full server: the page says so, and connects when there is room', async t => {
    const {server} = await still(t, 320, 240);
    await server.stop();
    const small = await serve(t, server.port, '--max-viewers', '1');
    const first = await open(t, small.url);
    await live(first);
    const page = await open(t, small.url);
    page.allowed.push(/WebSocket connection to .* failed|Failed to load resource/);
    await until('refused', async () => (await stateOf(page)) === 'refused');
    assert.match(await page.textContent('#hint'), /full/);
    await first.close();
    await live(page);
});

test('a removed stream: the page says so', async t => {
    await createStream(t, '320x240', {stream: `${name}-2`});
    const {encoder, writer, server} = await still(t, 320, 240, `${name}-2`);
    const page = await open(t, server.url);
    await live(page);
    page.allowed.push(/WebSocket connection to .* failed|Failed to load resource/);
    await encoder.stop();
    writer.stdin.end();
    await run('shm-rm', ['-f', name]);
    await until('refused', async () => (await stateOf(page)) === 'refused');
    assert.equal(await page.textContent('#notice'), 'Removed. The picture returns when the stream is created again.');
});
