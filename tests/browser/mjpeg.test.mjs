/* <img src=stream.mjpg> shows the newest picture, even if no other follows. */
import {test} from 'node:test';
import {MIDDLES, QUARTERS, open, pixels, ppm, still, until} from './helper.mjs';

test('MJPEG shows the last picture of a still stream', async t => {
    const {server, writer} = await still(t, 320, 240);
    /* Any page of this origin without another picture. */
    const page = await open(t, `${server.url}stats`);
    page.allowed.push(/favicon\.ico/); /* Chromium requests an icon if the page names none */
    await page.evaluate(() => {
        const image = document.createElement('img');
        image.src = 'stream.mjpg';
        document.body.replaceChildren(image);
    });
    const shows = colours => until('the picture', async () => {
        const got = await pixels(page, MIDDLES, 'img');
        return got?.every((pixel, i) => pixel.every((v, c) => Math.abs(v - colours[i][c]) < 8));
    }, 10);
    await shows(QUARTERS);
    writer.stdin.write(ppm(320, 240, (x, y) =>
        QUARTERS[3 - ((x < 160 ? 0 : 1) + (y < 120 ? 0 : 2))]));
    await shows([...QUARTERS].reverse());
});
