/* Fingers and pens produce the events that viewers of 3D scenes expect. */
import {test} from 'node:test';
import assert from 'node:assert/strict';
import {canvasBox, eventsUpTo, hand, near, nearPlace, open, readEvents, ready, settle, still} from './helper.mjs';

async function touched(t, query = '')
{
    const {server} = await still(t, 640, 360);
    const events = await readEvents(t);
    const page = await open(t, server.url + query, {hasTouch: true, viewport: {width: 700, height: 560}, wire: true});
    await ready(page);
    return {page, events, box: await canvasBox(page), fingers: await hand(page)};
}

const names = events => events.map(e => e.type.replace('pointer_', '') + (e.button ? e.button : ''));

/* The names without repetitions. */
const shape = events => names(events).filter((n, i, all) => n !== all[i - 1]);

test('a finger is a pointer of its own', async t => {
    const {page, events, box} = await touched(t);
    await page.touchscreen.tap(120, box.top + 50);
    const got = await eventsUpTo(events, 'pointer_leave');
    assert.deepEqual(names(got), ['enter', 'down1', 'up1', 'leave']);
    got.forEach(e => nearPlace(e, box, 120, box.top + 50));
    assert.deepEqual(got.map(e => e.buttons ?? 0), [0, 1, 0, 0]);
    assert.ok(got[0].pointer > 0 && got.every(e => e.pointer === got[0].pointer));
});

test('one finger drags, and the press is where the finger touched', async t => {
    const {events, box, fingers} = await touched(t);
    await fingers.down([0, 200, 200]);
    await fingers.move([0, 203, 202]); /* a finger never rests completely */
    await fingers.move([0, 260, 240]);
    await fingers.move([0, 300, 300]);
    await fingers.up();
    const got = await eventsUpTo(events, 'pointer_leave');
    assert.deepEqual(shape(got), ['enter', 'down1', 'move', 'up1', 'leave']);
    nearPlace(got[1], box, 200, 200);
    nearPlace(got.at(-2), box, 300, 300);
});

test('a resting finger presses', async t => {
    const {events, box, fingers} = await touched(t);
    await fingers.down([0, 200, 200]);
    const got = await eventsUpTo(events, 'pointer_down');
    nearPlace(got.at(-1), box, 200, 200);
    await fingers.up();
    await eventsUpTo(events, 'pointer_leave');
});

test('two taps are a double click', async t => {
    const {events, fingers} = await touched(t);
    /* With times of their own, so that a slow machine does not separate the taps. */
    const start = Date.now() / 1000;
    for (const at of [0, 0.1]) {
        await fingers.at(start + at).down([0, 220, 250]);
        await fingers.at(start + at + 0.05).up();
    }
    const got = await eventsUpTo(events, 'double_click');
    assert.equal(got.filter(e => e.type === 'pointer_down').length, 2);
    assert.equal(got.at(-1).pointer, got.findLast(e => e.type === 'pointer_down').pointer);
});

test('two fingers that move together drag with the right button', async t => {
    const {events, box, fingers} = await touched(t);
    await fingers.down([0, 200, 200], [1, 300, 220]);
    for (let i = 1; i <= 5; i++)
        await fingers.move([0, 200 + 20 * i, 200 + 10 * i], [1, 300 + 20 * i, 220 + 10 * i]);
    await fingers.up([1, 400, 270]);
    await fingers.move([1, 480, 300]); /* the finger that stays down has no effect any more */
    await fingers.up();
    const got = await eventsUpTo(events, 'pointer_leave');
    assert.deepEqual(shape(got), ['enter', 'down2', 'move', 'up2', 'leave']);
    const [down, up] = [got.find(e => e.type === 'pointer_down'), got.find(e => e.type === 'pointer_up')];
    nearPlace(down, box, 250, 210);
    nearPlace(up, box, 350, 260);
    assert.deepEqual([down.buttons, up.buttons ?? 0], [2, 0]);
    assert.ok(got.filter(e => e.type === 'pointer_move').every(e => e.buttons === 2));
    assert.equal(new Set(got.map(e => e.pointer)).size, 1, 'one pointer');
});

test('a pinch turns the wheel at the point between the fingers', async t => {
    const {events, box, fingers} = await touched(t);
    await fingers.down([0, 280, 240], [1, 320, 240]);
    for (let apart = 50; apart <= 160; apart += 10)
        await fingers.move([0, 300 - apart / 2, 240], [1, 300 + apart / 2, 240]);
    await fingers.up();
    const out = await eventsUpTo(events, 'pointer_leave');
    assert.deepEqual(shape(out), ['enter', 'wheel', 'leave']);
    const turns = out.filter(e => e.type === 'wheel');
    /* At an animation frame only one of the fingers may have moved. */
    turns.forEach(e => near([box.left + e.x * box.width, box.top + e.y * box.height], [300, 240], 3, 'at'));
    near([turns.reduce((sum, e) => sum + e.dy, 0)], [-1000 * Math.log(160 / 40)], 1, 'four times the distance');
    assert.ok(turns.every(e => e.dy < 0), 'spreading the fingers scrolls away from the user, which zooms in');

    await fingers.down([0, 200, 240], [1, 400, 240]);
    for (let apart = 180; apart >= 100; apart -= 20)
        await fingers.move([0, 300 - apart / 2, 240], [1, 300 + apart / 2, 240]);
    await fingers.up();
    const all = await eventsUpTo(events, 'pointer_leave', 2);
    near([all.slice(out.length).reduce((sum, e) => sum + (e.dy ?? 0), 0)], [1000 * Math.log(2)], 1, 'half the distance');
});

test('a second finger ends the drag of the first', async t => {
    const {events, fingers} = await touched(t);
    await fingers.down([0, 200, 200]);
    await fingers.move([0, 250, 200]);
    await fingers.down([0, 250, 200], [1, 350, 200]);
    for (let i = 1; i <= 3; i++)
        await fingers.move([0, 250, 200 + 20 * i], [1, 350, 200 + 20 * i]);
    await fingers.cancel();
    const got = await eventsUpTo(events, 'pointer_leave');
    assert.deepEqual(shape(got), ['enter', 'down1', 'move', 'up1', 'down2', 'move', 'up2', 'leave']);
});

test('a two-finger tap is a right click; three fingers do nothing', async t => {
    const {events, box, fingers} = await touched(t);
    await fingers.down([0, 200, 200], [1, 260, 200]);
    await fingers.up();
    const got = await eventsUpTo(events, 'pointer_leave');
    assert.deepEqual(names(got), ['enter', 'down2', 'up2', 'leave']);
    nearPlace(got[1], box, 230, 200);
    await fingers.down([0, 200, 200], [1, 260, 200], [2, 230, 260]);
    await fingers.move([0, 240, 200], [1, 300, 200], [2, 270, 260]);
    await fingers.up();
    const all = await eventsUpTo(events, 'pointer_leave', 2);
    assert.deepEqual(names(all.slice(got.length)), ['enter', 'leave']);
});

test('fingers=wheel and fingers=apart', async t => {
    const {events, fingers, page} = await touched(t, '?fingers=wheel');
    await fingers.down([0, 200, 200], [1, 300, 200]);
    for (let i = 1; i <= 4; i++)
        await fingers.move([0, 200 + 15 * i, 200 + 10 * i], [1, 300 + 15 * i, 200 + 10 * i]);
    await fingers.up();
    const got = await eventsUpTo(events, 'pointer_leave');
    assert.deepEqual(shape(got), ['enter', 'wheel', 'leave']);
    /* The scene follows the fingers, as with a touchpad. The distance to the start of the drag counts too. */
    const sum = key => got.reduce((all, e) => all + (e[key] ?? 0), 0);
    assert.ok(sum('dx') < -30 && sum('dx') >= -60.1 && sum('dy') < -20 && sum('dy') >= -40.1, JSON.stringify(got));

    await page.goto(page.url().replace('wheel', 'apart'));
    await ready(page);
    const before = events.filter(e => e.type !== 'resize').length;
    await fingers.down([0, 200, 200], [1, 300, 200]);
    await fingers.up();
    const all = (await eventsUpTo(events, 'pointer_leave', 3)).slice(before);
    assert.equal(new Set(all.map(e => e.pointer)).size, 2);
    assert.deepEqual(all.filter(e => e.type === 'pointer_down').map(e => e.button), [1, 1]);
});

test('a pinch on a touchpad is a wheel event without Control', async t => {
    const {events, page} = await touched(t);
    await page.mouse.move(300, 200);
    const session = await page.context().newCDPSession(page);
    /* As Chromium reports it: with a Control key that is not down. */
    await session.send('Input.dispatchMouseEvent',
                       {type: 'mouseWheel', x: 300, y: 200, deltaX: 0, deltaY: -7, modifiers: 2});
    const [turn] = (await eventsUpTo(events, 'wheel')).filter(e => e.type === 'wheel');
    assert.deepEqual([turn.dy, turn.modifiers ?? []], [-70, []]);
});

test('a pen is a pointer of its own, hovers, and has a second button', async t => {
    const {events, page, box} = await touched(t);
    const session = await page.context().newCDPSession(page);
    const pen = (type, x, y, button, buttons) => session.send('Input.dispatchMouseEvent', {
        type, x, y, button, buttons, pointerType: 'pen', force: 0.5, clickCount: 1});
    await pen('mouseMoved', 200, 200, 'none', 0);
    await settle(page);
    await pen('mousePressed', 220, 210, 'left', 1);
    await pen('mouseMoved', 260, 250, 'left', 1);
    await settle(page);
    await pen('mouseReleased', 260, 250, 'left', 0);
    await pen('mousePressed', 280, 250, 'right', 2);
    await pen('mouseReleased', 280, 250, 'right', 0);
    /* Chromium also moves its mouse to the pen's position. */
    const got = (await eventsUpTo(events, 'pointer_up', 2)).filter(e => e.pointer);
    assert.deepEqual(names(got).filter(n => n !== 'move'), ['enter', 'down1', 'up1', 'down2', 'up2']);
    assert.ok(got.some(e => e.type === 'pointer_move' && !e.buttons), 'it hovers');
    assert.equal(new Set(got.map(e => e.pointer)).size, 1);
    nearPlace(got.find(e => e.type === 'pointer_down'), box, 220, 210);
});
