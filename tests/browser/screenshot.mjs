/*
 * Makes page.png and page-narrow.png, the README's pictures of the page, beside this file:
 *   make && S=view PATH=$PWD/build:$PATH node --test tests/browser/screenshot.mjs
 */
import {test} from 'node:test';
import {canvasBox, createStream, live, name, open, serve, start, until} from './helper.mjs';

const SIZE = '1280x720';

test('screenshots', async t => {
    await createStream(t, SIZE);
    start(t, 'shm-encode', ['-q', '85', name]);
    start(t, 'frame-gen', ['-s', SIZE, '-r', '30', '-e', name, '-o', name]);
    const server = await serve(t);
    for (const [file, width, height] of [['page.png', 1600, 900], ['page-narrow.png', 360, 740]]) {
        const page = await open(t, `${server.url}?overlay=${width < 600 ? 0 : 1}`, {
            viewport: {width, height},
            colorScheme: 'dark',
            ...(width < 600 && {isMobile: true, hasTouch: true, deviceScaleFactor: 2}),
        });
        await live(page);
        const box = await canvasBox(page);
        await page.mouse.move(box.left + box.width * 0.3, box.top + box.height * 0.6);
        await page.mouse.down();
        const drag = x => page.mouse.move(box.left + box.width * x, box.top + box.height * 0.6);
        for (let x = 0.3; x < 0.64; x += 0.01)
            await drag(x);
        await until('steady numbers', async () => parseFloat(await page.textContent('#rate')) > 25);
        await page.screenshot({path: new URL(file, import.meta.url).pathname});
        await page.mouse.up();
    }
});
