/* A page that is too slow gets the lower stream, says so, and later gets the better one again. */
import {test} from 'node:test';
import assert from 'node:assert/strict';
import {createStream, live, name, open, serve, start, until} from './helper.mjs';

test('the page names the lower stream of a ladder, and the switch miscounts nothing', async t => {
    const low = `${name}-low`, size = '320x180', rate = 15;
    await createStream(t, size);
    await createStream(t, size, {stream: low});
    start(t, 'shm-encode', [name]);
    start(t, 'shm-encode', ['-r', '4', '-q', '30', '-o', low, name]);
    start(t, 'frame-gen', ['-s', size, '-r', String(rate), '-o', name]);
    const server = await serve(t, 0, '--ladder', `${name},${low}`);
    /* A viewer of the better stream, so that its packets continue. */
    start(t, 'curl', ['-s', '-o', '/dev/null', `${server.url}stream.mjpg`]);
    const page = await open(t, `${server.url}?overlay=1`);
    await live(page);
    /* A busy machine may have begun with the lower stream. */
    await until('the better stream', async () => !(await page.isVisible('#lower')));
    await until('no stream name', async () => !(await page.isVisible('#o-stream')));
    await page.evaluate(() => {
        window.dropped = [];
        new MutationObserver(() => dropped.push(parseFloat(document.getElementById('o-dropped').textContent)))
            .observe(document.getElementById('o-dropped'), {childList: true});
        window.busy = setInterval(() => {
            const end = performance.now() + 280;
            while (performance.now() < end)
                ;
        }, 300);
    });
    await until('the lower stream', () => page.isVisible('#lower'));
    assert.equal(await page.textContent('#lower'), 'Lower quality');
    await until('its name', async () => (await page.textContent('#o-stream')) === low);
    await until('its quality', async () => / q (29|30|31) /.test(await page.textContent('#o-size')));
    await page.evaluate(() => clearInterval(busy));
    await until('the better stream', async () => !(await page.isVisible('#lower')));
    await until('its quality', async () => / q (79|80|81) /.test(await page.textContent('#o-size')));
    await until('no stream name', async () => !(await page.isVisible('#o-stream')));
    const most = Math.max(...await page.evaluate(() => dropped));
    assert.ok(most <= rate * 6.5, `${most} dropped in 5 seconds at ${rate} fps`);
});
