/*
 * Behaviour that every browser must show, in the engine that ENGINE names: chromium, firefox or webkit. The
 * files in engines/ have the differences: openPage(t, url), commands, which matches the names of the engine's
 * processes, buttons, those that its driver can press, realTouch, whether it can touch, ownMenu, whether the
 * browser opens its own menu for Shift and the right button, and parts, whether the page asks for parts there.
 *
 * A page has evaluate(), which the functions of helper.mjs use, allowed, expressions for console messages that
 * fail no test, and
 *   move(x, y)  down(button)  up(button)  wheel(x, y, dy)   of the mouse; button: left, middle or right
 *   hold(key)  release(key)                                 of a key
 *   fingers(step, ...)     touches, drags and lifts; a step has the positions [x, y] of all fingers
 * with x and y in CSS pixels.
 */
import {test} from 'node:test';
import {readFileSync, readdirSync} from 'node:fs';
import assert from 'node:assert/strict';
import {MIDDLES, QUARTERS, canvasBox, eventsUpTo, live, moving, name, near, nearPlace, pixels, ppm, readEvents, ready,
        run, serve, settle, sizeOf, stateOf, statsOf, still, until} from './helper.mjs';
import {painted, untilSame} from './paint.mjs';

const engine = await import(`./engines/${process.env.ENGINE || 'chromium'}.mjs`);
const PICTURES = Number(process.env.PICTURES || 900);

const press = async (page, key) => {
    await page.hold(key);
    await page.release(key);
};

const names = events => events.map(e => e.type.replace('pointer_', '') + (e.button ? e.button : ''));

/* The names without repetitions. */
const shape = events => names(events).filter((n, i, all) => n !== all[i - 1]);

async function used(t, query = '')
{
    const {server, writer} = await still(t, 640, 360);
    const events = await readEvents(t);
    const page = await engine.openPage(t, server.url + query);
    await ready(page);
    return {server, writer, events, page, box: await canvasBox(page)};
}

const isNear = (got, want) => got.every((x, i) => Math.abs(x - want[i]) < 8);

function shows(page, colour)
{
    return until(`the colour ${colour}`, async () => isNear((await pixels(page, [[0.25, 0.25]]))[0], colour));
}

test('an engine shows the picture', async t => {
    const {page} = await used(t);
    assert.equal(await sizeOf(page), '640 × 360');
    const got = await pixels(page, MIDDLES);
    MIDDLES.forEach((at, i) => near(got[i], QUARTERS[i], 6, `quarter at ${at}`));
});

test('an engine sends drags and the wheel', async t => {
    const {page, events, box} = await used(t);
    for (const button of engine.buttons) {
        await page.move(200, 200);
        await settle(page);
        await page.down(button);
        await page.move(240, 220);
        await settle(page);
        await page.move(300, 260);
        await page.up(button);
    }
    const got = await eventsUpTo(events, 'pointer_up', engine.buttons.length);
    const crossed = ['pointer_enter', 'pointer_leave']; /* some engines report these after a drag */
    assert.deepEqual(shape(got.filter(e => !crossed.includes(e.type))),
                     engine.buttons.flatMap((_, i) => ['move', `down${i + 1}`, 'move', `up${i + 1}`]));
    for (const e of got.filter(e => e.type === 'pointer_down'))
        nearPlace(e, box, 200, 200);
    for (const e of got.filter(e => e.type === 'pointer_up'))
        nearPlace(e, box, 300, 260);
    assert.deepEqual(got.filter(e => e.type === 'pointer_down').map(e => e.buttons),
                     [1, 2, 4].slice(0, engine.buttons.length));
    await page.wheel(300, 260, 120);
    const wheel = (await eventsUpTo(events, 'wheel')).at(-1);
    assert.equal(wheel.dy, 120);
    nearPlace(wheel, box, 300, 260);
});

test('an engine sends a right drag with Shift, and the page says if the browser opens its own menu', async t => {
    const {page, events} = await used(t);
    if (!engine.buttons.includes('right')) {
        t.diagnostic('this driver has no right button');
        return;
    }
    await page.evaluate(() => {
        window.notices = [];
        new MutationObserver(() => notices.push(document.getElementById('invitation').textContent))
            .observe(document.getElementById('invitation'), {childList: true, subtree: true});
    });
    await page.hold('Shift');
    await page.move(200, 200);
    await page.down('right');
    await page.move(300, 260);
    await page.up('right');
    await page.release('Shift');
    const got = (await eventsUpTo(events, 'pointer_up')).filter(e => /^pointer_(down|up)$/.test(e.type));
    assert.deepEqual(got.map(e => [e.type, e.button, e.modifiers.join()]),
                     [['pointer_down', 2, 'shift'], ['pointer_up', 2, 'shift']]);
    if (engine.ownMenu)
        await until('the notice', () => page.evaluate(() => notices.some(text => text.includes('about:config'))));
    else
        assert.deepEqual(await page.evaluate(() => notices), []);
});

test('an engine sends keys with their modifiers', async t => {
    const {page, events} = await used(t);
    await page.evaluate(() => document.getElementById('picture').focus());
    await press(page, 'a');
    await press(page, 'ArrowLeft');
    await page.hold('Control');
    await press(page, 'k');
    await page.release('Control');
    const keys = (await eventsUpTo(events, 'key_up', 4)).filter(e => e.type.startsWith('key_'))
        .map(e => `${e.type} ${e.key} ${(e.modifiers ?? []).join()}`.trim());
    assert.deepEqual(keys, ['key_down a', 'key_up a', 'key_down ArrowLeft', 'key_up ArrowLeft',
                            'key_down Control ctrl', 'key_down k ctrl', 'key_up k ctrl', 'key_up Control']);
});

test('an engine sends text, and shows the cursor that the drawing program chooses', async t => {
    const {page, events} = await used(t, '?keys=text');
    await page.move(200, 200);
    await page.down('left');
    await page.up('left');
    for (const key of ['a', 'Tab', '%', 'Enter'])
        await press(page, key);
    await eventsUpTo(events, 'key_up', 4);
    const both = key => [`key_down ${key}`, `key_up ${key}`];
    const got = events.filter(e => e.type.startsWith('key_') || e.type === 'char').map(e => `${e.type} ${e.key ?? e.data}`);
    assert.deepEqual(got.filter(e => e.startsWith('key_')), ['a', 'Tab', '%', 'Enter'].flatMap(both));
    assert.deepEqual(got.filter(e => e.startsWith('char')), ['char a', 'char %']);
    assert.ok(got.indexOf('char a') < got.indexOf('key_down Tab'));
    const active = () => page.evaluate(() => document.activeElement.id);
    assert.equal(await active(), 'field');
    await press(page, 'Escape');
    await press(page, 'Tab');
    assert.notEqual(await active(), 'field');
    await run('event-inject', [name, 'cursor', 'name=grab']);
    await until('the cursor', () => page.evaluate(() => getComputedStyle(document.getElementById('picture')).cursor === 'grab'));
});

test('an engine sends fingers', async t => {
    const {page, events, box} = await used(t);
    if (!engine.realTouch)
        t.diagnostic('this driver cannot touch: a script makes the pointer events');
    await page.fingers([[200, 200]], [[240, 230]], [[300, 300]]);
    const one = await eventsUpTo(events, 'pointer_up');
    const drag = one.slice(one.findLastIndex(e => e.type === 'pointer_down'));
    assert.deepEqual(shape(drag).slice(0, 3), ['down1', 'move', 'up1']);
    nearPlace(drag[0], box, 200, 200);
    nearPlace(one.findLast(e => e.type === 'pointer_up'), box, 300, 300);
    assert.ok(drag[0].pointer > 0, 'a pointer of its own');
    await page.fingers([[200, 200], [300, 200]], [[190, 200], [310, 200]], [[150, 200], [350, 200]]);
    await until('the pinch', () => events.some(e => e.type === 'wheel'));
    await settle(page);
    await until('twice the distance', () => Math.abs(events.filter(e => e.type === 'wheel')
        .reduce((sum, e) => sum + e.dy, 0) + 1000 * Math.log(2)) < 1);
});

test('an engine reconnects after the server has restarted', async t => {
    const {page, events, server, writer} = await used(t);
    page.allowed.push(/WebSocket|ERR_CONNECTION_REFUSED|NetworkError|Cross-Origin|connect/i);
    await page.move(200, 300);
    await page.down('left');
    await eventsUpTo(events, 'pointer_down');
    await server.stop();
    await until('the page shows the loss', async () => (await stateOf(page)) === 'reconnecting');
    await eventsUpTo(events, 'pointer_up');
    await serve(t, server.port);
    await ready(page);
    await page.up('left');
    writer.stdin.write(ppm(640, 360, () => [10, 200, 220]));
    await shows(page, [10, 200, 220]);
    await page.move(300, 300);
    await page.down('left');
    await page.up('left');
    const got = await eventsUpTo(events, 'pointer_up', 2);
    assert.deepEqual(got.filter(e => /_(down|up)$/.test(e.type)).map(e => e.type),
                     ['pointer_down', 'pointer_up', 'pointer_down', 'pointer_up']);
});

test('an engine draws a picture that changes here and there', async t => {
    const {painter, server} = await painted(t, 320, 200, 7, '-S', '444', '-s', '0');
    const page = await engine.openPage(t, server.url);
    await live(page);
    await painter.paint(2);
    await untilSame(page, server, 'the whole picture');
    const {parts, pictures} = (await statsOf(server)).sent;
    assert.ok(engine.parts ? parts > 5 : parts === 0, `${parts} of ${pictures} as parts`);
});

test('an engine uses WebRTC if it has it, otherwise a WebSocket', async t => {
    process.env.SERVER = 'rtc-serve';
    t.after(() => delete process.env.SERVER);
    const {page, server, events, box} = await used(t);
    const able = await page.evaluate(() => 'RTCPeerConnection' in window);
    t.diagnostic(able ? 'WebRTC' : 'no WebRTC');
    const transports = async () => (await statsOf(server)).viewer_list.map(v => v.transport).join();
    await until(able ? 'WebRTC' : 'a WebSocket', async () => await transports() === (able ? 'webrtc' : 'websocket'));
    const got = await pixels(page, MIDDLES);
    MIDDLES.forEach((at, i) => near(got[i], QUARTERS[i], 20, `quarter at ${at}`)); /* VP8 is lossy */
    await page.move(200, 200);
    await page.down('left');
    await page.up('left');
    nearPlace((await eventsUpTo(events, 'pointer_up')).at(-1), box, 200, 200);
});

/* Memory of the engine's processes, in bytes. Shared memory counts once. */
function memory()
{
    const all = new Map();
    for (const pid of readdirSync('/proc').filter(entry => /^\d+$/.test(entry)))
        try {
            const [, command, parent] = /^\d+ \((.*)\) . (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'latin1'));
            all.set(Number(pid), {command, parent: Number(parent)});
        } catch {
            /* it has ended */
        }
    const ours = pid => pid === process.pid || (all.has(pid) && ours(all.get(pid).parent));
    let bytes = 0;
    for (const [pid, {command}] of all)
        if (engine.commands.test(command) && ours(pid))
            try {
                bytes += 1024 * /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))[1];
            } catch {
                /* it has ended */
            }
    return bytes;
}

/* A leak of one decoded picture per hundred would exceed this. */
const LEAK = 640 * 360 * 4 / 100; /* bytes per picture */

test('an engine keeps its memory over many pictures', async t => {
    const {server} = await moving(t, '640x360', 100);
    const page = await engine.openPage(t, server.url);
    await live(page);
    await page.evaluate(() => {
        const send = WebSocket.prototype.send;
        window.drawn = 0;
        WebSocket.prototype.send = function (data) {
            window.drawn += JSON.parse(data).type === 'ack';
            send.call(this, data);
        };
    });
    /* The least memory seen while the page draws count pictures: garbage that waits for collection is in the
     * others. */
    const least = async count => {
        const first = await page.evaluate(() => drawn);
        let bytes = Infinity;
        for (let i = 1; i <= 8; i++) {
            await until(`${count} pictures`, async () => await page.evaluate(() => drawn) >= first + count * i / 8, 300);
            bytes = Math.min(bytes, memory());
        }
        return bytes;
    };
    const part = PICTURES / 3;
    let before = await least(part), grown = Infinity;
    for (let tries = 4; tries && grown >= part * LEAK; tries--) {
        const after = await least(part);
        grown = after - before;
        t.diagnostic(`${part} pictures: ${(before / 1e6).toFixed(1)} → ${(after / 1e6).toFixed(1)} MB`);
        before = after;
    }
    assert.ok(grown < part * LEAK, `${grown} bytes more after ${part} pictures`);
});
