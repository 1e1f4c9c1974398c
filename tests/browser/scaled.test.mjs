/* Positions are correct however the page is scaled and the picture letterboxed. */
import {test} from 'node:test';
import {canvasBox, eventsUpTo, near, nearPlace, open, readEvents, ready, still} from './helper.mjs';
import assert from 'node:assert/strict';

/* Near corners, at an edge and in the middle, as fractions of the picture. */
const PLACES = [[0.01, 0.01], [0.99, 0.02], [0.5, 0.5], [0.03, 0.98], [0.985, 0.985], [0.25, 0.75]];

async function clickAll(t, page, events, box)
{
    const points = PLACES.map(([x, y]) => [box.left + x * box.width, box.top + y * box.height]);
    const before = events.filter(e => e.type === 'pointer_down').length;
    for (const [x, y] of points)
        await page.mouse.click(x, y);
    const got = (await eventsUpTo(events, 'pointer_up', before + PLACES.length))
        .filter(e => e.type === 'pointer_down').slice(before);
    assert.equal(got.length, PLACES.length);
    got.forEach((e, i) => {
        nearPlace(e, box, ...points[i]);
        near([e.x * box.width, e.y * box.height], [PLACES[i][0] * box.width, PLACES[i][1] * box.height],
             0.5, 'position');
    });
}

async function letterboxed(t, viewport)
{
    const {server} = await still(t, 640, 360);
    const events = await readEvents(t);
    const page = await open(t, server.url, {viewport});
    await ready(page);
    const box = await canvasBox(page);
    near([box.width / box.height], [640 / 360], 0.01, 'aspect');
    const stage = await page.evaluate(() => {
        const {left, top, width, height} = document.getElementById('stage').getBoundingClientRect();
        return {left, top, width, height};
    });
    const [wide, high] = [stage.width - box.width, stage.height - box.height];
    near([Math.min(wide, high)], [0], 0.6, 'it fills one direction');
    assert.ok(Math.max(wide, high) > 100, 'letterbox');
    near([box.left - stage.left, box.top - stage.top], [wide / 2, high / 2], 0.6, 'centred');
    await clickAll(t, page, events, box);
}

test('letterboxed in a wide window', t => letterboxed(t, {width: 1500, height: 400}));

test('letterboxed in a narrow window', t => letterboxed(t, {width: 320, height: 700}));

test('on a page that is scaled, moved and at another pixel ratio', async t => {
    const {server} = await still(t, 300, 500);
    const events = await readEvents(t);
    const page = await open(t, server.url, {deviceScaleFactor: 1.5});
    await ready(page);
    await page.evaluate(() => {
        document.body.style.transformOrigin = '0 0';
        document.body.style.transform = 'translate(37px, 11px) scale(0.7)';
    });
    const box = await canvasBox(page);
    near([box.width / box.height], [300 / 500], 0.01, 'aspect');
    await clickAll(t, page, events, box);
});

test('fill, cropped on the long side', async t => {
    const {server} = await still(t, 640, 360);
    const events = await readEvents(t);
    for (const [width, height] of [[1200, 400], [400, 700]]) {
        const page = await open(t, server.url, {viewport: {width, height}});
        await ready(page);
        await page.click('text=Fill');
        const box = await canvasBox(page);
        const stage = await page.evaluate(() => {
            const {left, top, width, height} = document.getElementById('stage').getBoundingClientRect();
            return {left, top, width, height};
        });
        near([box.width / box.height], [640 / 360], 0.01, 'aspect');
        near([Math.max(stage.width / box.width, stage.height / box.height)], [1], 0.002, 'it just covers the stage');
        near([box.left + box.width / 2, box.top + box.height / 2],
             [stage.left + stage.width / 2, stage.top + stage.height / 2], 0.6, 'centred');
        const before = events.filter(e => e.type === 'pointer_down').length;
        const points = [[0.02, 0.03], [0.5, 0.5], [0.97, 0.96]].map(([x, y]) =>
            [stage.left + x * stage.width, stage.top + y * stage.height]);
        for (const point of points)
            await page.mouse.click(...point);
        const got = (await eventsUpTo(events, 'pointer_up', before + 3)).filter(e => e.type === 'pointer_down');
        points.forEach((point, i) => nearPlace(got[before + i], box, ...point));
    }
});

test('the last choice survives a reload, and options in the address win', async t => {
    const {server} = await still(t, 640, 360);
    const page = await open(t, server.url);
    const chosen = () => page.evaluate(() => [
        document.documentElement.dataset.fit, document.querySelector(':checked').value,
        document.getElementById('overlay').checkVisibility(),
        document.getElementById('stats').getAttribute('aria-pressed')]);
    await ready(page);
    assert.deepEqual(await chosen(), ['fit', 'fit', false, 'false']);
    await page.click('text=Fill');
    await page.click('#stats');
    await page.reload();
    await ready(page);
    assert.deepEqual(await chosen(), ['fill', 'fill', true, 'true']);
    await page.goto(`${server.url}?fit=actual&overlay=0`);
    await ready(page);
    assert.deepEqual(await chosen(), ['actual', 'actual', false, 'false']);
    await page.goto(`${server.url}?fit=nonsense&overlay=`);
    await ready(page);
    assert.deepEqual(await chosen(), ['fill', 'fill', true, 'true']);
});

test('actual size, scrolled', async t => {
    const {server} = await still(t, 1700, 1100);
    const events = await readEvents(t);
    const page = await open(t, server.url);
    await ready(page);
    await page.click('text=1:1');
    let box = await canvasBox(page);
    near([box.width, box.height], [1700, 1100], 0.01, 'one to one');
    await page.evaluate(() => document.getElementById('scroller').scrollTo(430, 210));
    box = await canvasBox(page);
    near([box.left, box.top], [-430, 48 - 210], 1, 'scrolled');
    const before = events.length;
    for (const [x, y] of [[100, 100], [640, 480], [871, 571]])
        await page.mouse.click(x, y);
    const got = (await eventsUpTo(events, 'pointer_up', 3)).filter(e => e.type === 'pointer_down');
    [[100, 100], [640, 480], [871, 571]].forEach(([x, y], i) => {
        near([got[i].x * 1700, got[i].y * 1100], [x + 430, y + 210 - 48], 0.5, 'pixel of the picture');
    });
    assert.ok(events.length > before);
});
