/* Many pictures: every bitmap is closed, the heap does not grow, and the newest picture is shown. */
import {test} from 'node:test';
import assert from 'node:assert/strict';
import {live, moving, open, until} from './helper.mjs';

const MANY = Number(process.env.PICTURES || 1000);
const AREA = 4; /* pictures whose bitmaps may be open: a few messages may wait for one animation frame */

/* In the page: counts bitmaps, measures their area in pictures, as parts of one may be many, and records the
 * last acknowledged frame. */
function countBitmaps()
{
    window.bitmaps = {made: 0, open: 0, area: 0, most: 0};
    const areaOf = ({width, height}) => width * height / (320 * 180);
    const make = createImageBitmap;
    window.createImageBitmap = async (...what) => {
        const bitmap = await make(...what);
        bitmaps.made++;
        bitmaps.open++;
        bitmaps.area += areaOf(bitmap);
        bitmaps.most = Math.max(bitmaps.most, bitmaps.area);
        return bitmap;
    };
    const close = ImageBitmap.prototype.close;
    ImageBitmap.prototype.close = function () {
        bitmaps.open--;
        bitmaps.area -= areaOf(this);
        close.call(this);
    };
    window.acked = 0;
    const send = WebSocket.prototype.send;
    WebSocket.prototype.send = function (data) {
        const message = JSON.parse(data);
        if (message.type === 'ack')
            window.acked = message.seq;
        send.call(this, data);
    };
}

test('every bitmap is closed, the heap stays flat, and a slow page ends on the newest frame', async t => {
    const {server, source} = await moving(t, '320x180', 300);
    /* Without a limit on animation frames, which would make this test take minutes. */
    const page = await open(t, 'about:blank', {flags: ['--disable-frame-rate-limit', '--disable-gpu-vsync']});
    await page.addInitScript(countBitmaps);
    await page.goto(`${server.url}?overlay=1`);
    await live(page);
    const session = await page.context().newCDPSession(page);
    const heap = async made => {
        await until(`${made} pictures`, () => page.evaluate(n => bitmaps.made >= n, made), 120);
        await session.send('HeapProfiler.collectGarbage');
        return (await session.send('Runtime.getHeapUsage')).usedSize;
    };
    /* The engine's own data about the code grows once; a leak continues. */
    let made = 300, before = await heap(made), grown = Infinity;
    for (let tries = 3; tries && grown >= 150e3 + 20 * MANY; tries--) {
        const after = await heap(made += MANY);
        grown = after - before;
        t.diagnostic(`${MANY} pictures: ${before} → ${after} bytes`);
        before = after;
    }
    assert.ok(grown < 150e3 + 20 * MANY, `${grown} bytes more after ${MANY} pictures`);

    /* At the usual frame rate more images are decoded than drawn. */
    const usual = await open(t, 'about:blank');
    await usual.addInitScript(countBitmaps);
    await usual.goto(server.url);
    await until('150 pictures', () => usual.evaluate(() => bitmaps.made >= 150));
    assert.ok(await usual.evaluate(() => bitmaps.area) <= AREA);
    await usual.close();

    await session.send('Emulation.setCPUThrottlingRate', {rate: 8});
    await heap(made + 30);
    await source.stop();
    const newest = async () => (await (await fetch(`${server.url}stats`)).json()).newest.seq;
    await until('the last picture', async () => (await page.evaluate(() => acked)) === await newest());
    const {most, open: left, made: all} = await page.evaluate(() => bitmaps);
    assert.ok(most <= AREA && left === 0, `${most} pictures in ${all} bitmaps at once, ${left} bitmaps now`);
});
