/* The page's own face: states, sizes of windows, what assistive technology is told. */
import {test} from 'node:test';
import assert from 'node:assert/strict';
import {createStream, live, moving, name, open, quarters, serve, start, stateOf,
        still, until} from './helper.mjs';

/* Everything in the bars is inside the window and nothing lies on anything else. */
function crowding(page)
{
    return page.evaluate(() => {
        const seen = [...document.querySelectorAll('.mark, h1, .state, .stats dd, nav button')]
            .filter(e => e.checkVisibility())
            .map(e => [e.id || e.className || e.tagName, e.getBoundingClientRect()]);
        const out = [];
        for (const [what, r] of seen)
            if (r.left < 0 || r.right > innerWidth || r.top < 0 || r.bottom > innerHeight)
                out.push(`${what} is out of the window`);
        for (const [a, r] of seen)
            for (const [b, s] of seen)
                if (a !== b && r.left < s.right && s.left < r.right && r.top < s.bottom && s.top < r.bottom)
                    out.push(`${a} lies on ${b}`);
        if (document.scrollingElement.scrollWidth > innerWidth)
            out.push('the page scrolls sideways');
        return out;
    });
}

test('nothing is crowded out from 320 pixels up', async t => {
    const {server} = await moving(t, '1280x720', 30);
    const page = await open(t, server.url);
    await live(page);
    await until('numbers', async () => /\d ms/.test(await page.textContent('#delay')));
    for (const [width, height] of [[320, 480], [360, 740], [480, 800], [761, 500], [900, 600], [1600, 900], [740, 360]]) {
        await page.setViewportSize({width, height});
        assert.deepEqual(await crowding(page), [], `${width}x${height}`);
        const share = await page.evaluate(() => {
            const box = document.getElementById('stage').getBoundingClientRect();
            return box.width * box.height / innerWidth / innerHeight;
        });
        assert.ok(share > 0.7, `the picture has ${share} of ${width}x${height}`);
    }
    await page.evaluate(() => {
        document.getElementById('name').textContent = 'a-rather-long-name-for-a-stream';
        document.getElementById('state').textContent = 'Reconnecting';
    });
    await page.setViewportSize({width: 320, height: 480});
    assert.deepEqual(await crowding(page), [], 'long texts');
    const whole = await page.evaluate(() => {
        const text = document.getElementById('state');
        return text.scrollWidth <= text.parentElement.clientWidth;
    });
    assert.ok(whole, 'the state is whole, the name gives way');
});

test('waiting for the first picture, then live, then stalled', async t => {
    await createStream(t, '320x200');
    const server = await serve(t);
    const page = await open(t, server.url);
    await until('waiting', async () => (await stateOf(page)) === 'waiting');
    assert.equal(await page.textContent('#empty'), 'Waiting for a picture');
    assert.ok(!(await page.isVisible('#picture')));
    start(t, 'shm-encode', [name]);
    const writer = start(t, 'shm-write', [name], {stdin: 'pipe'});
    writer.stdin.write(quarters(320, 200));
    await live(page);
    assert.ok(await page.isVisible('#picture'));
    assert.ok(!(await page.isVisible('#empty')));
    await until('stalled', async () => (await stateOf(page)) === 'stalled');
    await until('for how long', async () => /^[1-9]\d* s$/.test(await page.textContent('#since')));
    assert.equal(await page.getAttribute('#state', 'role'), 'status');
    assert.equal(await page.textContent('#state'), 'Stalled');
    writer.stdin.write(quarters(320, 200));
    await live(page);
});

test('frames a second, delay and data rate are true', async t => {
    const {server} = await moving(t, '640x360', 20);
    const page = await open(t, server.url);
    await live(page);
    const number = async id => parseFloat(await page.textContent(id));
    await until('about 20 a second', async () => Math.abs((await number('#rate')) - 20) <= 3);
    const delay = await until('a delay', () => number('#delay'));
    assert.ok(delay > 0 && delay < 500, `${delay} ms`);
    assert.match(await page.textContent('#data'), /^[1-9][\d.]* [kM]B\/s$/);
});

test('a picture from before the page came tells nothing of the delay', async t => {
    await createStream(t, '320x200');
    const writer = start(t, 'shm-write', [name], {stdin: 'pipe'});
    writer.stdin.write(quarters(320, 200));
    const server = await serve(t);
    const page = await open(t, server.url);
    /* The first tick: by then the server's clock is known. */
    await until('numbers', async () => (await page.textContent('#rate')) === '0.0 fps');
    start(t, 'shm-encode', [name]);
    await live(page);
    await until('stalled', async () => {
        assert.equal(await page.textContent('#delay'), '– ms');
        return (await stateOf(page)) === 'stalled';
    });
});

test('full screen takes the picture, Escape gives it back', async t => {
    const {server} = await still(t, 640, 360);
    const page = await open(t, server.url);
    await live(page);
    await page.click('#full');
    await until('full screen', () => page.evaluate(() => document.fullscreenElement?.id === 'stage'));
    assert.equal(await page.evaluate(() => document.activeElement.id), 'picture');
    await page.evaluate(() => document.exitFullscreen());
    await until('the window', () => page.evaluate(() => !document.fullscreenElement));
});

test('nothing comes from elsewhere and nothing is inline', async t => {
    const {server} = await still(t, 320, 200);
    const answer = await fetch(server.url);
    assert.match(answer.headers.get('content-security-policy') ?? '', /default-src 'self'/);
    const text = await answer.text();
    assert.doesNotMatch(text, /<style|style=|\son[a-z]+=|https?:|<script(?![^>]*\bsrc=)/);
    for (const file of ['page.css', 'page.js', 'icon.svg']) {
        const part = await fetch(server.url + file);
        assert.equal(part.status, 200, file);
        assert.doesNotMatch((await part.text()).replace('http://www.w3.org/2000/svg', ''),
                            /https?:\/\/|@import|import\(/, file);
    }
});
