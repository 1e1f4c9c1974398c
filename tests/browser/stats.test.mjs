/* The statistics match the messages on the page's WebSocket. */
import {test} from 'node:test';
import assert from 'node:assert/strict';
import {QUARTERS, createStream, live, moving, name, near, open, ppm, quarters, readEvents, ready, serve, settle,
        start, still, until, wireOf} from './helper.mjs';

const number = async (page, id) => parseFloat(await page.textContent(id));

/* Difference between this machine's monotonic clock, which stamps frames, and the page's clock, ms. */
async function clockOf(page)
{
    let best = {trip: Infinity};
    for (let i = 0; i < 20; i++) {
        const from = Number(process.hrtime.bigint()) / 1e6;
        const at = await page.evaluate(() => performance.now());
        const to = Number(process.hrtime.bigint()) / 1e6;
        if (to - from < best.trip)
            best = {trip: to - from, offset: (from + to) / 2 - at};
    }
    return best;
}

test('frame rate, frame delay, data rate and dropped frames match the wire', async t => {
    const {server} = await moving(t, '640x360', 20);
    const page = await open(t, `${server.url}?overlay=1`, {wire: true});
    await live(page);
    /* The overlay at the moment it changes, and the messages of the 2 and 5 seconds before. */
    const compare = () => page.evaluate(() => new Promise(done => {
        const node = document.getElementById('o-data');
        new MutationObserver((list, observer) => {
            observer.disconnect();
            const now = performance.now();
            const within = (all, span) => all.filter(m => m.at > now - span);
            const acks = wire.sent.filter(m => m.type === 'ack');
            const pictures = within(wire.got, 5000).filter(m => m.bytes);
            done({
                now,
                screen: document.getElementById('o-frame-delay').textContent,
                rate: document.getElementById('o-rate').textContent,
                data: node.textContent,
                dropped: parseFloat(document.getElementById('o-dropped').textContent),
                drawn: within(wire.sent, 2000).filter(m => m.type === 'ack').length,
                bytes: within(wire.got, 2000).reduce((sum, m) => sum + (m.bytes ?? 0), 0),
                gaps: acks.reduce((sum, m, i) =>
                    sum + (i && m.at > now - 5000 ? m.seq - acks[i - 1].seq - 1 : 0), 0),
                last: pictures.at(-1).bytes,
            });
        }).observe(node, {childList: true});
    }));
    /* The counts exclude the start, when frames may be dropped. */
    await until('8 seconds of traffic', async () => (await wireOf(page)).sent.at(-1).at > 8000);
    const {offset, trip} = await clockOf(page);
    const shown = await compare();
    near([parseFloat(shown.rate)], [shown.drawn / 2], 1, JSON.stringify(shown));
    const [, value, unit, each] = /^([\d.]+) ([kM]B)\/s([\d.]+) kB each$/.exec(shown.data);
    near([value * (unit === 'kB' ? 1e3 : 1e6) / shown.bytes * 2], [1], 0.1, JSON.stringify(shown));
    near([each * 1e3], [shown.last], 5e3, JSON.stringify(shown));
    near([shown.dropped], [shown.gaps], 2, JSON.stringify(shown));

    const {sent, got} = await wireOf(page);
    const captured = new Map(got.filter(m => m.seq).map(m => [m.seq, m.captured * 1000]));
    const delays = sent.filter(m => m.type === 'ack' && m.at > shown.now - 5000 && m.at <= shown.now)
        .map(m => m.at + offset - captured.get(m.seq)).sort((a, b) => a - b);
    const trips = got.filter(m => m.type === 'pong' && m.at <= shown.now).map(m => m.at - m.t);
    near([parseFloat(shown.screen)], [delays[delays.length >> 1]],
         trip / 2 + Math.min(...trips.slice(-8)) / 2 + 2, `of ${delays.length}`);
    assert.match(await page.textContent('#o-size'), /^640 × 360 q (89|90|91) 4:2:0$/);
});

test('the sharpened picture of a frame is no delay', async t => {
    await createStream(t, '320x200');
    start(t, 'shm-encode', [name]);
    const writer = start(t, 'shm-write', [name], {stdin: 'pipe'});
    const scenes = [QUARTERS, [...QUARTERS].reverse()].map(colours => quarters(320, 200, colours));
    writer.stdin.write(scenes[0]);
    const server = await serve(t);
    const page = await open(t, `${server.url}?overlay=1`, {wire: true});
    await live(page);
    /* The pictures drawn, each with its delay, ms; again: of the same frame as the one before. */
    const drawn = async () => {
        const {sent, got} = await wireOf(page);
        const {offset} = await clockOf(page);
        const at = new Map(sent.filter(m => m.type === 'ack').map(m => [m.seq, m.at]));
        return got.filter(m => at.has(m.seq)).map((m, i, all) =>
            ({captured: m.captured, again: m.captured === all[i - 1]?.captured,
              delay: at.get(m.seq) + offset - m.captured * 1000}));
    };
    let shown, pictures, round = 0;
    await until('a frame delay', async () => {
        const before = (await drawn()).at(-1).captured;
        writer.stdin.write(scenes[++round % 2]);
        await until('a sharpened picture', async () => {
            pictures = await drawn();
            return pictures.at(-1).again && pictures.at(-1).captured > before;
        });
        await page.evaluate(() => new Promise(done =>
            new MutationObserver(done).observe(document.getElementById('o-data'), {childList: true})));
        shown = parseFloat(await page.textContent('#o-frame-delay')); /* the median */
        return shown >= 0; /* it is shown for 5 seconds */
    });
    const off = again => Math.min(...pictures.filter(p => p.again === again).map(p => Math.abs(p.delay - shown)));
    assert.ok(off(false) < off(true), JSON.stringify({shown, pictures}));
});

test('a busy page draws the newest frame and counts those it skipped', async t => {
    const {server} = await moving(t, '640x360', 60);
    /* With acknowledgements the server would hold back the frames that this test needs. */
    const page = await open(t, `${server.url}?overlay=1`, {wire: 'without acks'});
    await live(page);
    await until('60 messages', async () => (await wireOf(page)).got.length > 60);
    const skipped = async () => {
        const {sent, got} = await wireOf(page);
        const acked = new Set(sent.filter(m => m.type === 'ack').map(m => m.seq));
        return got.filter(m => m.seq < Math.max(...acked) && !acked.has(m.seq)).length;
    };
    await until('frames that were not drawn, and the overlay counts them', async () => {
        const came = await page.evaluate(() => {
            const end = performance.now() + 400;
            while (performance.now() < end)
                ;
            return wire.got.length;
        });
        await until('the newest is drawn', () => page.evaluate(n => wire.got.length > n &&
            wire.sent.findLast(m => m.type === 'ack').seq >= wire.got.findLast(m => m.seq).seq - 1, came));
        return (await skipped()) >= 5 && /[1-9]\d* undrawn$/.test(await page.textContent('#o-dropped'));
    });
});

/* The number of an event in the log is its position among all events. */
async function answered(t, hold)
{
    const {server, writer} = await still(t, 320, 200);
    const events = await readEvents(t);
    const page = await open(t, `${server.url}?overlay=1`, {wire: true});
    await ready(page);
    await until('the clock is known', async () => (await wireOf(page)).got.filter(m => m.type === 'pong').length >= 3);
    assert.equal(await page.textContent('#o-input-delay'), '– ms');
    await page.mouse.move(300, 300);
    await settle(page);
    if (hold)
        await page.evaluate(() => (wire.held = []));
    const colour = (r, event) => writer.stdin.write(ppm(320, 200, () => [r, 90, 90], event));
    const before = await page.evaluate(() => performance.now());
    await page.mouse.down();
    const number = await until('the press', async () =>
        1 + events.findIndex(e => e.type === 'pointer_down'));
    const drawn = async () => (await wireOf(page)).sent.filter(m => m.type === 'ack').length;
    /* First a frame that does not show the event yet, then one that does. */
    let count = await drawn();
    colour(120, number - 1);
    await until('one more frame', async () => (await drawn()) > count);
    count = await drawn();
    const between = await page.evaluate(() => performance.now());
    colour(200, number);
    await until('the next frame', async () => (await drawn()) > count);
    const shown = (await wireOf(page)).sent.findLast(m => m.type === 'ack').at;
    if (hold) {
        await until('its pong', () => page.evaluate(() => wire.held.length > 0));
        await page.evaluate(() => {
            const all = wire.held;
            wire.held = null;
            all.forEach(one => one());
        });
    }
    const pressed = (await wireOf(page)).sent.find(m => m.type === 'pointer_down').at;
    const text = await until('a delay', async () => {
        const said = await page.textContent('#o-input-delay');
        return said !== '– ms' && said;
    });
    const got = parseFloat(text);
    assert.ok(got >= between - pressed - 1 && got <= shown - before + 1,
              `${text}: between ${between - pressed} and ${shown - before}`);
}

test('input delay ends with the first frame that shows the event', t => answered(t, false));

test('input delay is known even if the frame arrives before the pong', t => answered(t, true));

test('a clock of whole milliseconds shows no delay of 0.0 ms', async t => {
    const {server} = await moving(t, '320x180', 20);
    const page = await open(t, 'about:blank');
    await page.addInitScript(() => {
        const real = performance.now.bind(performance);
        performance.now = () => Math.floor(real());
        window.seen = [];
        addEventListener('DOMContentLoaded', () => {
            for (const id of ['delay', 'o-frame-delay', 'o-round-trip'])
                new MutationObserver(() => seen.push(document.getElementById(id).textContent))
                    .observe(document.getElementById(id), {childList: true});
        });
    });
    await page.goto(`${server.url}?overlay=1`);
    await live(page);
    await until('ten updates with a delay', () => page.evaluate(() => seen.filter(s => /\d/.test(s)).length >= 10));
    const seen = await page.evaluate(() => window.seen);
    assert.deepEqual(seen.filter(text => /\./.test(text)), []);
    for (const text of seen)
        assert.match(text, /^(–|< 1|\d+) ms(p95 (< 1|\d+))?$/);
});
