/* The page's appearance: states, window sizes, announcements to screen readers. */
import {test} from 'node:test';
import assert from 'node:assert/strict';
import {readFileSync, readdirSync} from 'node:fs';
import {MIDDLES, QUARTERS, axe, createStream, live, moving, name, near, open, pixels, quarters, ready, run, serve,
        start, stateOf, statsOf, still, until} from './helper.mjs';

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
        for (const button of document.querySelectorAll('.bar button, .notices button'))
            if (button.checkVisibility() && button.scrollWidth > button.clientWidth + 1)
                out.push(`the text of ${button.id || button.textContent} leaves its button`);
        const box = document.getElementById('overlay').getBoundingClientRect();
        for (const [what, r] of visible)
            if (what.startsWith('o-') && r.right > box.right - 6)
                out.push(`${what} leaves the overlay`);
        if (document.scrollingElement.scrollWidth > innerWidth)
            out.push('the page scrolls sideways');
        return out;
    });
}

const SIZES = [[320, 480], [360, 740], [480, 800], [561, 500], [641, 500], [740, 360], [1001, 500], [1101, 500], [1201, 500], [900, 600], [1600, 900]];

async function noFaults(t, touch)
{
    const {server} = await moving(t, '1280x720', 30, '--control', 'first');
    const first = await open(t, server.url);
    await ready(first);
    const page = await open(t, `${server.url}?overlay=1`, {hasTouch: touch, isMobile: touch});
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
        set('controller', 'Requested · waiting for viewer 12');
        set('rate', '144 fps');
        set('delay', '1234 ms');
        document.getElementById('lower').hidden = false;
        document.querySelector('#actions').innerHTML =
            '<button class="word">Withdraw</button><button class="word">Take over</button>';
        document.querySelector('#requests').innerHTML =
            '<p><span>Viewer 12 requests control</span><button class="word">Hand over</button></p>';
        document.querySelector('#invitation').innerHTML = '<p><span>Viewer 12 has control. Request it to use mouse ' +
            'and keys.</span><button class="word">Request</button><button class="word">Take over</button></p>';
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
}

test('nothing overlaps or is cut off from 320 pixels up', t => noFaults(t, false));

test('nothing overlaps or is cut off on a touch screen', t => noFaults(t, true));

test('waiting for the first picture, then live, then still', async t => {
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
        window.states = [];
        const node = document.getElementById('announcement');
        new MutationObserver(() => announced.push([performance.now(), node.textContent]))
            .observe(node, {childList: true});
        new MutationObserver(() => states.push(document.documentElement.dataset.state))
            .observe(document.documentElement, {attributeFilter: ['data-state']});
    });
    const states = () => page.evaluate(() => window.states);
    start(t, 'shm-encode', [name]);
    const writer = start(t, 'shm-write', [name], {stdin: 'pipe'});
    for (let round = 0; round < 2; round++) {
        writer.stdin.write(quarters(320, 200));
        await until('still', async () => (await states()).length === 2 * round + 2);
        assert.deepEqual((await states()).slice(-2), ['live', 'still']);
        assert.ok(await page.isVisible('#picture'));
        assert.ok(!(await page.isVisible('#empty')));
        await until('the duration', async () => /^[1-9]\d* s$/.test(await page.textContent('#since')));
        assert.equal(await page.textContent('#state'), 'Still');
        assert.ok(!(await page.isVisible('#notice')));
    }
    assert.equal(await page.evaluate(() => getComputedStyle(document.querySelector('.state .dot')).backgroundColor),
                 await page.evaluate(() => getComputedStyle(document.querySelector('.state')).color), 'grey');
    await until('the announcement', async () => (await page.textContent('#announcement')) === 'Still');
    /* Screen readers do not announce every pause of a scene. */
    const announced = await page.evaluate(() => window.announced);
    announced.forEach(([at], i) => assert.ok(!i || at - announced[i - 1][0] >= 9900, `${announced}`));
    writer.stdin.write(quarters(320, 200));
    await until('live', async () => (await states()).at(4) === 'live');
});

test('stalled, with the reason, only if a writer has ended or is stopped', async t => {
    const {server, encoder, writer} = await still(t, 320, 200);
    const page = await open(t, server.url);
    await live(page);
    const shows = async (state, text) => {
        await until(text, async () => (await page.textContent('#notice')) === text);
        assert.equal(await stateOf(page), state);
        assert.equal(await page.textContent('#state'), text.split(':')[0]);
        assert.equal(await page.getAttribute('#state', 'title'), text);
        await until('the notice', async () => (await page.isVisible('#notice')) === (state === 'stalled'));
    };
    await shows('still', 'Still');
    for (const [program, what] of [[encoder, 'the encoder'], [writer, 'the drawing program']]) {
        program.kill('SIGSTOP');
        await shows('stalled', `Stalled: ${what} is stopped`);
        program.kill('SIGCONT');
        await shows('still', 'Still');
    }
    /* Full screen hides the bar, not the notice. */
    await page.click('#full');
    await until('full screen', () => page.evaluate(() => document.fullscreenElement?.id === 'stage'));
    await encoder.stop();
    await shows('stalled', 'Stalled: the encoder has ended');
    await until('the announcement', async () =>
        (await page.textContent('#announcement')) === 'Stalled: the encoder has ended');
    await page.evaluate(() => document.exitFullscreen());
    start(t, 'shm-encode', [name]);
    await shows('still', 'Still');
    writer.stdin.end();
    await shows('stalled', 'Stalled: the drawing program has ended');
});

test('stalled, if newer pictures do not arrive', async t => {
    const {server, writer} = await still(t, 320, 200);
    const page = await open(t, 'about:blank');
    await page.addInitScript(() => {
        window.lose = false;
        const Real = WebSocket;
        window.WebSocket = class extends Real {
            set onmessage(act)
            {
                super.onmessage = act && (e => (window.lose && typeof e.data !== 'string') || act(e));
            }
        };
    });
    await page.goto(server.url);
    await ready(page);
    await until('still', async () => (await stateOf(page)) === 'still');
    await page.evaluate(() => (window.lose = true));
    writer.stdin.write(quarters(320, 200));
    let notice = '';
    await until(() => `stalled, with its reason; the notice is "${notice}"`, async () => {
        notice = await page.textContent('#notice');
        return notice === 'Stalled: newer pictures do not arrive';
    });
    await page.evaluate(() => (window.lose = false));
    await page.reload();
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
    await until('still', async () => {
        assert.equal(await page.textContent('#delay'), '– ms');
        return (await stateOf(page)) === 'still';
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

test('help begins with what a user does, and a phone can close it', async t => {
    const {server} = await still(t, 320, 200);
    const page = await open(t, server.url, {viewport: {width: 320, height: 400}, hasTouch: true, isMobile: true});
    await live(page);
    await page.tap('#help-button');
    await until('help', () => page.isVisible('#help'));
    assert.match(await page.textContent('#help'), /^\s*How to use this page\s*Click the picture, then drag, scroll, type\./);
    assert.ok((await page.textContent('#help')).indexOf('pointer_') > 300, 'names of events come last');
    /* The button stays in sight at the end of the text. */
    await page.evaluate(() => document.getElementById('help').scrollTo(0, 1e6));
    const {y, height} = await page.locator('#help .close').boundingBox();
    assert.ok(y >= 0 && y + height <= 400, `${y}`);
    await page.tap('#help .close');
    await until('no help', async () => !(await page.isVisible('#help')));
});

test('the picture is saved as PNG and JPEG', async t => {
    const {server} = await still(t, 321, 177);
    const page = await open(t, server.url);
    await live(page);
    const shot = await open(t, 'about:blank');
    for (const [type, end, tolerance] of [['PNG', 'png', 6], ['JPEG', 'jpg', 10]]) {
        await page.click('#save-button');
        const [download] = await Promise.all([page.waitForEvent('download'), page.click(`#save >> text=${type}`)]);
        assert.match(download.suggestedFilename(),
                     new RegExp(`^${name} \\d{4}-\\d\\d-\\d\\d \\d\\d\\.\\d\\d\\.\\d\\d\\.${end}$`));
        assert.ok(!(await page.isVisible('#save')));
        const data = readFileSync(await download.path()).toString('base64');
        await shot.setContent(`<img src="data:image/${type.toLowerCase()};base64,${data}">`);
        const got = await until('the image', () => pixels(shot, MIDDLES, 'img'));
        got.forEach((pixel, i) => near(pixel, QUARTERS[i], tolerance, `quarter ${i} of ${type}`));
        assert.deepEqual(await shot.evaluate(() => [document.images[0].naturalWidth, document.images[0].naturalHeight]),
                         [321, 177]);
    }
});

test('the picture is recorded', async t => {
    const {server} = await moving(t, '320x176', 25);
    const page = await open(t, server.url);
    await live(page);
    const label = () => page.getAttribute('#save-button', 'aria-label');
    await page.click('#save-button');
    await page.click('#record');
    assert.equal(await label(), 'Stop recording');
    assert.ok(!(await page.isVisible('#save')));
    await axe(page, 'while it records');
    const first = (await statsOf(server)).newest.seq;
    await until('a second of pictures', async () => (await statsOf(server)).newest.seq > first + 25);
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#save-button')]);
    assert.match(download.suggestedFilename(),
                 new RegExp(`^${name} \\d{4}-\\d\\d-\\d\\d \\d\\d\\.\\d\\d\\.\\d\\d\\.webm$`));
    await until('the end', async () => (await label()) === 'Save the picture');
    const file = `${await download.path()}`;
    const shown = await run('ffprobe', ['-v', 'error', '-count_frames', '-show_entries',
                                        'stream=codec_name,width,height,nb_read_frames', '-of', 'csv=p=0', file]);
    const [codec, width, height, frames] = shown.trim().split(',');
    assert.match(codec, /^(vp[89]|av1|h264)$/);
    assert.deepEqual([width, height], ['320', '176']);
    assert.ok(frames >= 5, `${frames} frames`);
    /* The button saves again. */
    await page.click('#save-button');
    assert.ok(await page.isVisible('#save'));
});
