/* The page's appearance: states, window sizes, announcements to screen readers. */
import {test} from 'node:test';
import assert from 'node:assert/strict';
import {readdirSync} from 'node:fs';
import {createStream, live, moving, name, open, quarters, serve, start, stateOf,
        still, until} from './helper.mjs';

/* Returns the elements of the bars and the overlay that overlap or leave the window. */
function layoutFaults(page)
{
    return page.evaluate(() => {
        const visible = [...document.querySelectorAll('.home, h1, .state, #control > *, .tools > *, #overlay dt, #overlay dd')]
            .filter(e => e.checkVisibility())
            .map(e => {
                /* The extent of the text, not of its element. */
                const range = document.createRange();
                range.selectNodeContents(e);
                const r = e.matches('dd') ? range.getBoundingClientRect() : e.getBoundingClientRect();
                return [e.id || e.className || e.textContent, r];
            });
        const out = [];
        for (const [what, r] of visible)
            if (r.left < 0 || r.right > innerWidth || r.top < 0 || r.bottom > innerHeight)
                out.push(`${what} is out of the window`);
        for (const [a, r] of visible)
            for (const [b, s] of visible)
                if (a !== b && r.left < s.right && s.left < r.right && r.top < s.bottom && s.top < r.bottom)
                    out.push(`${a} overlaps ${b}`);
        const box = document.getElementById('overlay').getBoundingClientRect();
        for (const [what, r] of visible)
            if (what.startsWith('o-') && r.right > box.right - 6)
                out.push(`${what} leaves the overlay`);
        if (document.scrollingElement.scrollWidth > innerWidth)
            out.push('the page scrolls sideways');
        return out;
    });
}

const SIZES = [[320, 480], [360, 740], [480, 800], [561, 500], [740, 360], [1001, 500], [1101, 500], [900, 600], [1600, 900]];

test('nothing overlaps or is cut off from 320 pixels up', async t => {
    const {server} = await moving(t, '1280x720', 30, '--control', 'first');
    const first = await open(t, server.url);
    await live(first);
    const page = await open(t, `${server.url}?overlay=1`);
    await live(page);
    await until('statistics', async () => /\d ms/.test(await page.textContent('#delay')));
    await until('two viewers', async () => (await page.textContent('#count')) === '2');
    const all = async what => {
        for (const [width, height] of SIZES) {
            await page.setViewportSize({width, height});
            assert.deepEqual(await layoutFaults(page), [], `${what} at ${width}x${height}`);
            const share = await page.evaluate(() => {
                const box = document.getElementById('stage').getBoundingClientRect();
                return box.width * box.height / innerWidth / innerHeight;
            });
            assert.ok(share > 0.7, `the picture takes ${share} of ${width}x${height}`);
        }
    };
    await all('usual texts');
    /* The longest possible texts, without a server that would change them. */
    await first.close();
    await server.stop();
    page.allowed.push(/WebSocket connection to .* failed|ERR_CONNECTION_REFUSED/);
    await until('lost', async () => (await stateOf(page)) === 'reconnecting');
    await page.evaluate(() => {
        const set = (id, text) => (document.getElementById(id).textContent = text);
        set('name', 'a-rather-long-name-for-a-stream');
        set('state', 'Reconnecting');
        set('controller', 'Viewer 12 has control');
        set('rate', '144 fps');
        set('delay', '1234 ms');
        document.getElementById('lower').hidden = false;
        document.querySelector('#actions').innerHTML =
            '<button class="word">Withdraw</button><button class="word">Take over</button>';
        document.querySelector('#o-dropped').innerHTML = '<b>342</b> <small>120 unsent, 222 undrawn</small>';
        document.querySelector('#o-size').innerHTML = '<b>3840 × 2160</b> <small>q 95 4:2:0</small>';
        document.querySelector('#o-transport').innerHTML = '<b>WebRTC</b> <small>VP8, relayed</small>';
        document.querySelector('#o-round-trip').innerHTML = '<b>1234</b> ms<small>1234 ms buffered</small>';
    });
    await all('long texts');
    const whole = await page.evaluate(() => {
        const text = document.getElementById('state');
        return text.scrollWidth <= text.parentElement.clientWidth;
    });
    assert.ok(whole, 'the state is complete, the name shrinks');
});

test('waiting for the first picture, then live, then stalled', async t => {
    await createStream(t, '320x200');
    const server = await serve(t);
    const page = await open(t, server.url);
    await until('waiting', async () => (await stateOf(page)) === 'waiting');
    assert.equal(await page.textContent('#empty'), 'Waiting for a picture');
    assert.ok(!(await page.isVisible('#picture')));
    assert.equal(await page.getAttribute('#announcement', 'role'), 'status');
    await until('the announcement', async () =>
        (await page.textContent('#announcement')) === 'Waiting for a picture. The stream has none yet. Is shm-encode running?');
    await page.evaluate(() => {
        window.announced = [];
        const node = document.getElementById('announcement');
        new MutationObserver(() => announced.push(node.textContent)).observe(node, {childList: true});
    });
    start(t, 'shm-encode', [name]);
    const writer = start(t, 'shm-write', [name], {stdin: 'pipe'});
    for (let round = 0; round < 2; round++) {
        writer.stdin.write(quarters(320, 200));
        await live(page);
        assert.ok(await page.isVisible('#picture'));
        assert.ok(!(await page.isVisible('#empty')));
        await until('stalled', async () => (await stateOf(page)) === 'stalled');
        await until('the duration', async () => /^[1-9]\d* s$/.test(await page.textContent('#since')));
        assert.equal(await page.textContent('#state'), 'Stalled');
    }
    /* Screen readers do not announce every pause of a scene. */
    const announced = await page.evaluate(() => window.announced);
    assert.ok(announced.length <= 1, announced.join());
    writer.stdin.write(quarters(320, 200));
    await live(page);
});

test('a picture from before the page connected does not count as delay', async t => {
    await createStream(t, '320x200');
    const writer = start(t, 'shm-write', [name], {stdin: 'pipe'});
    writer.stdin.write(quarters(320, 200));
    const server = await serve(t);
    const page = await open(t, server.url);
    /* The first update: by then the server's clock is known. */
    await until('statistics', async () => (await page.textContent('#rate')) === '0.0 fps');
    start(t, 'shm-encode', [name]);
    await live(page);
    await until('stalled', async () => {
        assert.equal(await page.textContent('#delay'), '– ms');
        return (await stateOf(page)) === 'stalled';
    });
});

test('full screen shows the picture, Escape leaves it', async t => {
    const {server} = await still(t, 640, 360);
    const page = await open(t, server.url);
    await live(page);
    await page.click('#full');
    await until('full screen', () => page.evaluate(() => document.fullscreenElement?.id === 'stage'));
    assert.equal(await page.evaluate(() => document.activeElement.id), 'picture');
    await page.evaluate(() => document.exitFullscreen());
    await until('the end of full screen', () => page.evaluate(() => !document.fullscreenElement));
});

test('nothing is loaded from elsewhere and nothing is inline', async t => {
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
