/* rtc-serve and the page over WebRTC: video, events over the data channel. */
import {test} from 'node:test';
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {promisify} from 'node:util';
import {axe, canvasBox, eventsUpTo, nearPlace, readEvents, ready, settle, sizeOf, statsOf, until,
        watch} from './helper.mjs';
import {broadcast, decoded, growth, openRtc, published, viewersUse} from './rtc.mjs';

/* dB */
function psnr(a, b)
{
    let sum = 0;
    for (let i = 0; i < a.length; i++)
        sum += i % 4 === 3 ? 0 : (a[i] - b[i]) ** 2;
    return 10 * Math.log10(255 ** 2 / (sum / (a.length / 4 * 3)));
}

/* frame-gen's picture of this number as RGBA. */
async function original(size, number)
{
    const [width, height] = size.split('x').map(Number);
    const {stdout} = await promisify(execFile)('sh',
        ['-c', `frame-gen -s ${size} -f rgba -n ${number} | tail -c ${width * height * 4}`],
        {encoding: 'buffer', maxBuffer: 1 << 27});
    return stdout;
}

test('decoded frames keep up with the source and match its frames', async t => {
    const size = '1280x720';
    const {server} = await broadcast(t, size, 25, '--bitrate', '4000-4000');
    const page = await openRtc(t, server);
    await viewersUse(server, 'webrtc');
    assert.equal(await sizeOf(page), '1280 × 720');
    const encoded = async () => (await statsOf(server)).webrtc.pictures;
    await until('as many frames as the encoder made', async () => {
        const [, made, shown] = await growth(server, 25, encoded, () => decoded(page));
        const total = await decoded(page);
        assert.ok(total <= await encoded(), `${total} decoded`);
        return shown >= 0.9 * made;
    });

    const made = await published(server);
    const {all, numbers} = await until('a newer frame', async () => {
        const seen = await watch(page, 5);
        return seen.numbers[0] >= made && seen;
    });
    numbers.forEach((n, i) => assert.ok(!i || n >= numbers[i - 1], `${n} after ${numbers[i - 1]}`));
    const [number] = numbers;
    assert.ok(number <= await published(server), `${number} of ${made}`);
    const db = psnr(all.subarray(0, all.length / numbers.length), await original(size, number));
    t.diagnostic(`picture ${number}: ${db.toFixed(1)} dB`);
    assert.ok(db >= 28, `${db} dB`);
});

test('a drag over the data channel arrives complete and in order', async t => {
    const {server} = await broadcast(t, '640x360', 20);
    const events = await readEvents(t);
    const page = await openRtc(t, server);
    await until('the window size', () => events.some(e => e.type === 'resize'));
    const box = await canvasBox(page);
    const points = Array.from({length: 30}, (_, i) => [200 + 15 * i, 150 + 9 * i]);
    await page.mouse.move(...points[0]);
    await settle(page);
    await page.mouse.down();
    for (const point of points.slice(1)) {
        await page.mouse.move(...point);
        await settle(page);
    }
    await page.mouse.up();
    await page.keyboard.press('a');
    const got = await eventsUpTo(events, 'key_up');
    assert.deepEqual(got.map(e => e.type), ['pointer_enter', 'pointer_move', 'pointer_down',
        ...Array(29).fill('pointer_move'), 'pointer_up', 'key_down', 'key_up']);
    const drag = got.slice(2, 32);
    drag.forEach((e, i) => nearPlace(e, box, ...points[i]));
    assert.equal(new Set(drag.map(e => e.viewer)).size, 1);
    assert.equal(await page.evaluate(() => wire.sent.length), 0, 'nothing by WebSocket');
});

test('statistics: rates, frame and input delay, transport', async t => {
    const {server} = await broadcast(t, '640x360', 30);
    const page = await openRtc(t, server, {search: '?overlay=1'});
    const shown = async id => parseFloat(await page.textContent(id));
    await until('frame delay', async () => (await shown('#o-frame-delay')) >= 0);
    await page.mouse.click(300, 300);
    await until('input delay', async () => {
        await page.mouse.click(310, 300);
        return (await shown('#o-input-delay')) > 0;
    });
    /* At the moment when the overlay changes. */
    await until('the frame rate', () => page.evaluate(() => new Promise(done => {
        const node = document.getElementById('o-rate');
        new MutationObserver((list, observer) => {
            observer.disconnect();
            const count = presented.filter(at => at > performance.now() - 2000).length;
            done(count > 2 && Math.abs(parseFloat(node.textContent) - count / 2) <= 1.5);
        }).observe(node, {childList: true});
    })));
    await until('the codec', async () => (await page.textContent('#o-transport')) === 'WebRTC VP8');
    await until('the data rate', async () => (await shown('#o-data')) > 0);
    await until('the buffer', async () => /^[\d.]+ ms[\d.]+ ms buffered$/.test(await page.textContent('#o-round-trip')));
    assert.equal(await page.textContent('#o-size'), '640 × 360 ');
    /* Source and browser share a clock: no frame is shown before it is made, or much later. */
    await until('a short delay', async () => {
        const delay = await shown('#o-frame-delay');
        assert.ok(delay >= 0, `${delay}`);
        return delay < 1000;
    });
});

test('three browsers at once cost one encode', async t => {
    const {server} = await broadcast(t, '640x360', 20);
    const pages = [];
    for (let i = 0; i < 3; i++)
        pages.push(await openRtc(t, server, i ? {flags: ['--mute-audio']} : {}));
    await viewersUse(server, 'webrtc', 'webrtc', 'webrtc');
    await until('each browser shows most frames', async () => {
        const [source, encoded, ...each] = await growth(server, 60,
            async () => (await statsOf(server)).webrtc.pictures, ...pages.map(page => () => decoded(page)));
        assert.ok(encoded <= source + 5, `${encoded} encoded of ${source}`);
        return each.every(n => n > encoded / 3);
    });
});

test('axe finds nothing and the keyboard works over WebRTC', async t => {
    const {server} = await broadcast(t, '320x240', 20, '--control', 'first');
    const events = await readEvents(t);
    const page = await openRtc(t, server, {search: '?overlay=1'});
    await ready(page);
    await until('statistics', async () => /^WebRTC VP8/.test(await page.textContent('#o-transport')));
    await axe(page, 'live');
    const active = () => page.evaluate(() => document.activeElement.id);
    for (let i = 0; i < 20 && await active() !== 'picture'; i++)
        await page.keyboard.press('Tab');
    assert.equal(await active(), 'picture');
    assert.equal(await page.getAttribute('#picture', 'aria-label'),
                 'Live picture. Accepts pointer, wheel and keys; Tab leaves it.');
    await page.keyboard.press('x');
    await page.keyboard.press('n');
    assert.ok(await page.isVisible('#overlay'), 'on the picture, keys go to the stream');
    await page.keyboard.press('Shift+Tab');
    assert.notEqual(await active(), 'picture');
    await page.keyboard.press('n');
    assert.ok(!(await page.isVisible('#overlay')));
    const keys = (await eventsUpTo(events, 'key_up', 2)).filter(e => /^key_/.test(e.type));
    assert.deepEqual(keys.map(e => `${e.type} ${e.key}`).slice(0, 4),
                     ['key_down x', 'key_up x', 'key_down n', 'key_up n']);
});
