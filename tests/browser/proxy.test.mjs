/* The page through a reverse proxy at PROXY_URL, which ws-proxy.bats starts. */
import {test} from 'node:test';
import assert from 'node:assert/strict';
import {canvasBox, eventsUpTo, nearPlace, open, readEvents, ready, until} from './helper.mjs';

test('through a proxy the page is live and has control', async t => {
    const url = process.env.PROXY_URL;
    assert.ok(url, 'PROXY_URL');
    const events = await readEvents(t);
    const page = await open(t, url, {ignoreHTTPSErrors: true});
    await ready(page);
    assert.equal(await page.evaluate(() => location.protocol), 'https:');
    await until('a frame rate', async () => parseFloat(await page.textContent('#rate')) > 5);
    const box = await canvasBox(page);
    const ups = events.filter(e => e.type === 'pointer_up').length; /* from an earlier run */
    await page.mouse.move(box.left + 30, box.top + 40);
    await page.mouse.down();
    await page.mouse.up();
    const mine = await eventsUpTo(events, 'pointer_up', ups + 1);
    nearPlace(mine.findLast(e => e.type === 'pointer_down'), box, box.left + 30, box.top + 40);
});
