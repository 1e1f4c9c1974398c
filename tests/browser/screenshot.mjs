/*
 * Makes the README's screenshots of the page, man/img/page.png, page-narrow.png and network.png:
 *   make && S=view PATH=$PWD/build:$PATH node --test tests/browser/screenshot.mjs
 */
import {test} from 'node:test';
import {spawn} from 'node:child_process';
import {setTimeout as sleep} from 'node:timers/promises';
import {canvasBox, createStream, live, name, open, run, serve, start, until} from './helper.mjs';

const SIZE = '1280x720';
const FOLDER = new URL('../../man/img/', import.meta.url);

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
        /* Without the drops of the start. */
        await until('steady statistics', async () => parseFloat(await page.textContent('#rate')) > 28 &&
            !parseFloat(await page.textContent('#o-dropped')));
        await page.screenshot({path: new URL(file, FOLDER).pathname});
        await page.mouse.up();
        await page.close();
    }
});

/* The network of scripts/demo, turned a little, with the pointer on a node. */
test('network', async t => {
    await createStream(t, '1600x900', '-f', 'rgba');
    const packages = spawn('scripts/debian-network', {stdio: ['ignore', 'pipe', 'inherit']});
    start(t, 'net-layout', ['-d', '3', `${name}-net`], {stdin: packages.stdout});
    start(t, 'net-draw', [`${name}-net`, name]);
    start(t, 'shm-encode', ['-q', '92', '-S', '444', name]);
    const server = await serve(t);
    const page = await open(t, server.url, {viewport: {width: 1600, height: 900}, colorScheme: 'dark'});
    await live(page);
    const drawn = async () => /"frames":\{"published":(\d+)/.exec(await run('shm-ls', ['-j', name]))[1];
    const atRest = async ms => {
        const before = await drawn();
        await sleep(ms);
        return await drawn() === before;
    };
    await until('the layout has settled', () => atRest(2000), 90);
    const box = await canvasBox(page);
    const to = (x, y) => page.mouse.move(box.left + box.width * x, box.top + box.height * y);
    await to(0.9, 0.9);
    await page.mouse.down();
    for (let x = 0.9; x > 0.84; x -= 0.005)
        await to(x, 0.9);
    await page.mouse.up();
    /* Moves the pointer up until a node is under it: then its name appears. */
    for (let y = 0.9; y > 0.3 && await atRest(300); y -= 0.01)
        await to(0.64, y);
    for (let i = 0; i < 40; i++) { /* statistics of a moving picture */
        await page.mouse.wheel(0, i % 2 ? 6 : -6);
        await sleep(50);
    }
    await page.screenshot({path: new URL('network.png', FOLDER).pathname});
});
