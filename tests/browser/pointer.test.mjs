/* event-read prints drags, buttons, wheel and double clicks in order, and loses none. */
import {test} from 'node:test';
import assert from 'node:assert/strict';
import {canvasBox, eventsUpTo, nearPlace, open, readEvents, ready, settle, still} from './helper.mjs';

test('a drag arrives complete and in order', async t => {
    const {server} = await still(t, 640, 360);
    const events = await readEvents(t);
    const page = await open(t, server.url);
    await ready(page);
    const box = await canvasBox(page);

    const path = [[200, 200], [250, 230], [300, 260], [420, 300], [500, 320]];
    await page.mouse.move(...path[0]);
    await settle(page);
    await page.mouse.down();
    for (const point of path.slice(1)) {
        await page.mouse.move(...point);
        await settle(page); /* so that no two moves merge */
    }
    await page.mouse.up();

    const got = await eventsUpTo(events, 'pointer_up');
    assert.deepEqual(got.map(e => e.type),
                     ['pointer_enter', 'pointer_move', 'pointer_down', 'pointer_move', 'pointer_move',
                      'pointer_move', 'pointer_move', 'pointer_up']);
    [path[0], path[0], path[0], ...path.slice(1), path.at(-1)]
        .forEach((point, i) => nearPlace(got[i], box, ...point));
    assert.deepEqual(got.map(e => e.buttons ?? 0), [0, 0, 1, 1, 1, 1, 1, 0]);
    assert.deepEqual([got[2].button, got[7].button], [1, 1]);
    assert.ok(got.every(e => !e.pointer), 'the mouse is pointer 0');
    assert.ok(got.every((e, i) => !i || e.t >= got[i - 1].t), 'times do not go back');
});

test('a press has its own position, after the move that waited for its animation frame', async t => {
    const {server} = await still(t, 640, 360);
    const events = await readEvents(t);
    const page = await open(t, server.url);
    await ready(page);
    const box = await canvasBox(page);

    /* Sent without waiting for each, so that several arrive within one animation frame. */
    const session = await page.context().newCDPSession(page);
    const send = (type, x, y, buttons) => session.send('Input.dispatchMouseEvent', {
        type, x, y, buttons, button: type === 'mouseMoved' ? 'none' : 'left', clickCount: 1});
    for (let i = 0; i < 20; i++) {
        const [x, y] = [100 + 30 * i, 200 + 10 * i];
        await Promise.all([send('mouseMoved', x, y, 0), send('mousePressed', x, y, 1),
                           send('mouseMoved', x + 10, y + 5, 1), send('mouseReleased', x + 10, y + 5, 0)]);
    }
    const got = await eventsUpTo(events, 'pointer_up', 20);
    const round = ['pointer_move', 'pointer_down', 'pointer_move', 'pointer_up'];
    assert.deepEqual(got.map(e => e.type), ['pointer_enter', ...Array(20).fill(round).flat()]);
    got.slice(1).forEach((e, i) => {
        const n = i >> 2;
        nearPlace(e, box, (i % 4 < 2 ? 100 : 110) + 30 * n, (i % 4 < 2 ? 200 : 205) + 10 * n);
    });
});

test('a drag continues outside the picture', async t => {
    const {server} = await still(t, 640, 360);
    const events = await readEvents(t);
    const page = await open(t, server.url, {viewport: {width: 400, height: 700}});
    await ready(page);
    const box = await canvasBox(page);
    const out = box.top + box.height + 90;
    await page.mouse.move(200, box.top + 30);
    await page.mouse.down();
    await page.mouse.move(210, out);
    await page.mouse.up();
    await page.mouse.move(220, box.top - 60); /* outside the picture, with no button down */
    await settle(page);
    await page.mouse.click(230, box.top + 20);

    const got = await eventsUpTo(events, 'pointer_up', 2);
    assert.deepEqual(got.map(e => e.type).filter(type => type !== 'pointer_move'),
                     ['pointer_enter', 'pointer_down', 'pointer_up', 'pointer_leave', 'pointer_enter',
                      'pointer_down', 'pointer_up']);
    const up = got.find(e => e.type === 'pointer_up');
    nearPlace(up, box, 210, out);
    assert.ok(up.y > 1.2);
    for (const e of got.filter(e => e.type === 'pointer_move'))
        assert.ok(e.y <= 1 || e.buttons === 1, `moved at ${e.x} ${e.y} with no button down`);
});

test('right button, middle button, two buttons at once', async t => {
    const {server} = await still(t, 640, 360);
    const events = await readEvents(t);
    const page = await open(t, server.url);
    await ready(page);
    await page.evaluate(() => {
        window.kept = [];
        addEventListener('contextmenu', e => kept.push(e.defaultPrevented));
    });
    await page.mouse.move(300, 300);
    for (const button of ['right', 'middle']) {
        await page.mouse.down({button});
        await page.mouse.up({button});
    }
    await page.mouse.down({button: 'left'});
    await page.mouse.down({button: 'right'});
    await page.mouse.up({button: 'left'});
    await page.mouse.up({button: 'right'});

    const got = (await eventsUpTo(events, 'pointer_up', 4))
        .filter(e => e.type === 'pointer_down' || e.type === 'pointer_up');
    assert.deepEqual(got.map(e => [e.type, e.button, e.buttons ?? 0]), [
        ['pointer_down', 2, 2], ['pointer_up', 2, 0],
        ['pointer_down', 3, 4], ['pointer_up', 3, 0],
        ['pointer_down', 1, 1], ['pointer_down', 2, 3], ['pointer_up', 1, 2], ['pointer_up', 2, 0],
    ]);
    assert.deepEqual(await page.evaluate(() => kept), [true, true], 'no menu');
});

test('the wheel, with modifiers, scrolls the stream and not the page', async t => {
    const {server} = await still(t, 640, 360);
    const events = await readEvents(t);
    const page = await open(t, server.url);
    await ready(page);
    const box = await canvasBox(page);
    await page.evaluate(() => {
        window.kept = [];
        addEventListener('wheel', e => kept.push(e.defaultPrevented));
    });
    await page.mouse.move(333, 222);
    await page.mouse.wheel(0, 120);
    await page.mouse.wheel(-30, -240);
    await page.keyboard.down('Control');
    await page.mouse.wheel(0, 50);
    await page.keyboard.up('Control');

    const got = (await eventsUpTo(events, 'wheel', 3)).filter(e => e.type === 'wheel');
    assert.deepEqual(got.map(e => [e.dx ?? 0, e.dy ?? 0, (e.modifiers ?? []).join()]),
                     [[0, 120, ''], [-30, -240, ''], [0, 50, 'ctrl']]);
    got.forEach(e => nearPlace(e, box, 333, 222));
    assert.deepEqual(await page.evaluate(() => kept), [true, true, true]);
});

test('double click', async t => {
    const {server} = await still(t, 640, 360);
    const events = await readEvents(t);
    const page = await open(t, server.url);
    await ready(page);
    const box = await canvasBox(page);
    await page.mouse.dblclick(250, 350);
    const got = await eventsUpTo(events, 'double_click');
    assert.deepEqual(got.map(e => e.type).filter(type => !type.endsWith('move')),
                     ['pointer_enter', 'pointer_down', 'pointer_up', 'pointer_down', 'pointer_up',
                      'double_click']);
    assert.equal(got.at(-1).button, 1);
    nearPlace(got.at(-1), box, 250, 350);
});
