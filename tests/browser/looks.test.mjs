/* The page's own face: states, sizes of windows, what assistive technology is told. */
import {test} from 'node:test';
import assert from 'node:assert/strict';
import {readdirSync} from 'node:fs';
import {createStream, live, moving, name, open, quarters, serve, start, stateOf,
        still, until} from './helper.mjs';

/* Everything in the bars is inside the window and nothing lies on anything else. */
function crowding(page)
{
    return page.evaluate(() => {
        const seen = [...document.querySelectorAll('.mark, h1, .state, #steer > *, .tools > *, #overlay dt, #overlay dd')]
            .filter(e => e.checkVisibility())
            .map(e => {
                /* What a text takes up, not the room it has. */
                const range = document.createRange();
                range.selectNodeContents(e);
                const r = e.matches('dd') ? range.getBoundingClientRect() : e.getBoundingClientRect();
                return [e.id || e.className || e.textContent, r];
            });
        const out = [];
        for (const [what, r] of seen)
            if (r.left < 0 || r.right > innerWidth || r.top < 0 || r.bottom > innerHeight)
                out.push(`${what} is out of the window`);
        for (const [a, r] of seen)
            for (const [b, s] of seen)
                if (a !== b && r.left < s.right && s.left < r.right && r.top < s.bottom && s.top < r.bottom)
                    out.push(`${a} lies on ${b}`);
        const box = document.getElementById('overlay').getBoundingClientRect();
        for (const [what, r] of seen)
            if (what.startsWith('o-') && r.right > box.right - 6)
                out.push(`${what} leaves the overlay`);
        if (document.scrollingElement.scrollWidth > innerWidth)
            out.push('the page scrolls sideways');
        return out;
    });
}

const SIZES = [[320, 480], [360, 740], [480, 800], [561, 500], [740, 360], [1001, 500], [900, 600], [1600, 900]];

test('nothing is crowded out from 320 pixels up', async t => {
    const {server} = await moving(t, '1280x720', 30, '--control', 'first');
    const first = await open(t, server.url);
    await live(first);
    const page = await open(t, `${server.url}?overlay=1`);
    await live(page);
    await until('numbers', async () => /\d ms/.test(await page.textContent('#delay')));
    await until('two', async () => (await page.textContent('#count')) === '2');
    const all = async what => {
        for (const [width, height] of SIZES) {
            await page.setViewportSize({width, height});
            assert.deepEqual(await crowding(page), [], `${what} at ${width}x${height}`);
            const share = await page.evaluate(() => {
                const box = document.getElementById('stage').getBoundingClientRect();
                return box.width * box.height / innerWidth / innerHeight;
            });
            assert.ok(share > 0.7, `the picture has ${share} of ${width}x${height}`);
        }
    };
    await all('as it is');
    /* The longest texts there can be, and nothing that changes them again. */
    await first.close();
    await server.stop();
    page.allowed.push(/WebSocket connection to .* failed|ERR_CONNECTION_REFUSED/);
    await until('lost', async () => (await stateOf(page)) === 'reconnecting');
    await page.evaluate(() => {
        const set = (id, text) => (document.getElementById(id).textContent = text);
        set('name', 'a-rather-long-name-for-a-stream');
        set('state', 'Reconnecting');
        set('who', 'Viewer 12 steers');
        set('rate', '144 fps');
        set('delay', '1234 ms');
        document.getElementById('lower').hidden = false;
        document.querySelector('#actions').innerHTML =
            '<button class="word">Withdraw</button><button class="word">Take</button>';
        document.querySelector('#o-dropped').innerHTML = '<b>342</b> <small>120 unsent, 222 undrawn</small>';
        document.querySelector('#o-size').innerHTML = '<b>3840 × 2160</b> <small>q 95 4:2:0</small>';
        document.querySelector('#o-way').innerHTML = '<b>WebRTC</b> <small>VP8, relayed</small>';
        document.querySelector('#o-trip').innerHTML = '<b>1234</b> ms<small>1234 ms buffered</small>';
    });
    await all('long texts');
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
    assert.equal(await page.getAttribute('#told', 'role'), 'status');
    await until('it is read out', async () =>
        (await page.textContent('#told')) === 'Waiting for a picture. The stream has none yet. Is shm-encode running?');
    await page.evaluate(() => {
        window.told = [];
        const node = document.getElementById('told');
        new MutationObserver(() => told.push(node.textContent)).observe(node, {childList: true});
    });
    start(t, 'shm-encode', [name]);
    const writer = start(t, 'shm-write', [name], {stdin: 'pipe'});
    for (let round = 0; round < 2; round++) {
        writer.stdin.write(quarters(320, 200));
        await live(page);
        assert.ok(await page.isVisible('#picture'));
        assert.ok(!(await page.isVisible('#empty')));
        await until('stalled', async () => (await stateOf(page)) === 'stalled');
        await until('for how long', async () => /^[1-9]\d* s$/.test(await page.textContent('#since')));
        assert.equal(await page.textContent('#state'), 'Stalled');
    }
    /* A scene that moves now and then isn't read out at every turn. */
    const told = await page.evaluate(() => window.told);
    assert.ok(told.length <= 1, told.join());
    writer.stdin.write(quarters(320, 200));
    await live(page);
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
    for (const file of readdirSync(new URL('../../lib/server/web', import.meta.url)).filter(f => f !== 'index.html')) {
        const part = await fetch(server.url + file);
        assert.equal(part.status, 200, file);
        assert.doesNotMatch((await part.text()).replace('http://www.w3.org/2000/svg', ''),
                            /https?:\/\/|@import|import\(|innerHTML/, file);
    }
});
