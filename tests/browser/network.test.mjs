/* A network drawn by net-draw, controlled from the page: the picture shows the effect of the input. */
import {test} from 'node:test';
import assert from 'node:assert/strict';
import {setTimeout as sleep} from 'node:timers/promises';
import {SHOWN, canvasBox, createStream, name, open, ready, serve, sizeOf, start, until} from './helper.mjs';

const net = `${name}-net`;
const BLUE = [91, 157, 255], ORANGE = [255, 159, 69], GREEN = [79, 209, 165];

/* A network with nodes at the left (blue), right (orange) and top (green), drawn in the window's size. */
async function network(t)
{
    await createStream(t, '800x600', '-f', 'rgba');
    await createStream(t, '3x1000', '-f', 'f32', {stream: net});
    const layout = start(t, 'net-put', [net], {stdin: 'pipe'});
    layout.stdin.write('node -1 0 0 0 left\nnode 1 0 0 1 right\nnode 0 1 0 2 above\n' +
                       'edge 0 1\nedge 0 2\nshow\n');
    start(t, 'net-draw', [net, name]);
    start(t, 'shm-encode', ['-q', '95', '-S', '444', name]);
    const server = await serve(t);
    const page = await open(t, server.url);
    await ready(page);
    /* The stream's 800 pixels in the shape of the window. */
    await until('the size of the window', async () => (await sizeOf(page)) === '800 × 490');
    let last = {};
    await until('the nodes, at rest', async () => {
        const before = last;
        await sleep(200);
        last = await findNode(page, ORANGE);
        return last.count > 40 && last.x === before.x && last.y === before.y;
    });
    return {page, box: await canvasBox(page)};
}

/* Number of pixels of a node's colour, lit or shaded, and their centre in CSS pixels of the page. */
async function findNode(page, colour)
{
    const got = await page.evaluate(([rgb, selector]) => {
        const source = document.querySelector(selector), {width, height} = source;
        const context = new OffscreenCanvas(width, height).getContext('2d', {willReadFrequently: true});
        context.drawImage(source, 0, 0);
        const data = context.getImageData(0, 0, width, height).data, most = Math.max(...rgb);
        let count = 0, x = 0, y = 0;
        for (let i = 0; i < data.length; i += 4) {
            const light = Math.max(data[i], data[i + 1], data[i + 2]);
            if (light > 90 && rgb.every((c, k) => Math.abs(data[i + k] / light - c / most) < 0.16)) {
                count++;
                x += i / 4 % width;
                y += Math.floor(i / 4 / width);
            }
        }
        return {count, x: (x / count + 0.5) / width, y: (y / count + 0.5) / height};
    }, [colour, SHOWN]);
    const box = await canvasBox(page);
    return {count: got.count, x: box.left + got.x * box.width, y: box.top + got.y * box.height};
}

/* Number of pixels as bright as letters. */
function letters(page)
{
    return page.evaluate(selector => {
        const source = document.querySelector(selector), {width, height} = source;
        const context = new OffscreenCanvas(width, height).getContext('2d', {willReadFrequently: true});
        context.drawImage(source, 0, 0);
        const data = context.getImageData(0, 0, width, height).data;
        let count = 0;
        for (let i = 0; i < data.length; i += 4)
            count += Math.min(data[i], data[i + 1], data[i + 2]) > 180;
        return count;
    }, SHOWN);
}

const at = (spot, x, y) => Math.hypot(spot.x - x, spot.y - y) < 6;

test('a drag beside the nodes turns the network, the wheel zooms in', async t => {
    const {page, box} = await network(t);
    const before = await findNode(page, ORANGE);
    assert.ok(before.x > (await findNode(page, BLUE)).x + 100);
    await page.mouse.move(box.left + 30, box.top + 30);
    await page.mouse.down();
    for (let i = 1; i <= 10; i++) /* half a turn is the height of the picture */
        await page.mouse.move(box.left + 30 + box.height / 10 * i, box.top + 30);
    await page.mouse.up();
    await until('right is left', async () => (await findNode(page, ORANGE)).x < (await findNode(page, BLUE)).x - 100);
    const {count} = await findNode(page, GREEN);
    await page.mouse.wheel(0, -500);
    await until('larger nodes', async () => (await findNode(page, GREEN)).count > 1.3 * count);
});

test('a dragged node follows the pointer', async t => {
    const {page} = await network(t);
    const {x, y} = await findNode(page, ORANGE);
    const blue = await findNode(page, BLUE);
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x - 40, y - 30);
    await page.mouse.move(x - 80, y - 60);
    await until('the node is where the pointer is', async () => at(await findNode(page, ORANGE), x - 80, y - 60));
    await page.mouse.up();
    assert.ok(at(await findNode(page, BLUE), blue.x, blue.y), 'the other node stays');
});

test('the name of the node under the pointer appears and disappears', async t => {
    const {page, box} = await network(t);
    await page.focus('#picture');
    await page.keyboard.press('l');
    await until('no names', async () => (await letters(page)) < 20);
    const {x, y} = await findNode(page, GREEN);
    await page.mouse.move(x, y);
    await until('a name', async () => (await letters(page)) > 100);
    await page.mouse.move(box.left + 20, box.top + 20);
    await until('no name again', async () => (await letters(page)) < 20);
});
