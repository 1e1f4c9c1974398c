/*
 * A painter of random rectangles, and a comparison of the canvas with the whole picture that a snapshot has,
 * pixel by pixel.
 */
import {once} from 'node:events';
import {setTimeout as sleep} from 'node:timers/promises';
import {createStream, name, serve, start, until} from './helper.mjs';

const RATE = 40; /* frames per second */

/* Repeatable random numbers: 0 … n - 1. */
function random(seed)
{
    let state = seed;
    return n => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return Math.floor(state / 2 ** 32 * n);
    };
}

/* Paints random rectangles, large or small, plain or of noise, with pauses in which the picture is still. */
export function createPainter(t, width, height, seed)
{
    const below = random(seed);
    const frame = Buffer.alloc(width * height * 3, 200);
    const writer = start(t, 'shm-write', ['-s', `${width}x${height}`, '-f', 'rgb24', name], {stdin: 'pipe'});

    function rectangle()
    {
        const most = below(3) ? 40 : Math.max(width, height);
        const w = 1 + below(Math.min(most, width)), h = 1 + below(Math.min(most, height));
        const left = below(width - w + 1), top = below(height - h + 1), noise = below(4) === 0;
        const row = Buffer.alloc(w * 3), colour = [below(256), below(256), below(256)];
        for (let y = top; y < top + h; y++) {
            if (noise || y === top)
                for (let i = 0; i < row.length; i++)
                    row[i] = noise ? below(256) : colour[i % 3];
            row.copy(frame, (y * width + left) * 3);
        }
    }

    async function show()
    {
        if (!writer.stdin.write(frame))
            await once(writer.stdin, 'drain');
    }

    return {
        writer,
        async dot()
        {
            frame[0] ^= 255;
            await show();
        },
        async paint(seconds)
        {
            for (let left = seconds * RATE; left > 0; left--) {
                for (let i = below(5); i > 0; i--)
                    rectangle();
                await show();
                await sleep(below(20) ? 1000 / RATE : 300);
            }
        },
    };
}

/* Encoder, server and page; the encoder's options follow. */
export async function painted(t, width, height, seed, ...options)
{
    await createStream(t, `${width}x${height}`);
    const encode = () => start(t, 'shm-encode', [...options, name]);
    const encoder = encode();
    const painter = createPainter(t, width, height, seed);
    const server = await serve(t);
    await painter.paint(0.1);
    return {encode, encoder, painter, server};
}

/* Compares the canvas with the newest picture: {size} if it has another, else the largest difference, its
 * place, the number of samples that differ, and how far from the edge of a tile, of tile pixels, any is. */
function difference(page, server, tile = [1, 1])
{
    return page.evaluate(async ([url, [across, down]]) => {
        const bitmap = await createImageBitmap(await (await fetch(url, {cache: 'no-store'})).blob());
        const {width, height} = bitmap;
        const canvas = document.querySelector('#picture canvas');
        if (canvas.width !== width || canvas.height !== height)
            return {size: [canvas.width, canvas.height, width, height]};
        const read = source => {
            const context = new OffscreenCanvas(width, height).getContext('2d', {willReadFrequently: true});
            context.drawImage(source, 0, 0);
            return context.getImageData(0, 0, width, height).data;
        };
        const shown = read(canvas), whole = read(bitmap);
        const edge = (at, side) => Math.min(at % side, side - 1 - at % side);
        const found = {most: 0, count: 0, inside: 0, at: null};
        for (let i = 0; i < shown.length; i++) {
            const off = Math.abs(shown[i] - whole[i]), x = (i >> 2) % width, y = Math.floor((i >> 2) / width);
            if (!off)
                continue;
            found.count++;
            found.inside = Math.max(found.inside, Math.min(edge(x, across), edge(y, down)));
            if (off > found.most) {
                found.most = off;
                found.at = [x, y];
            }
        }
        return found;
    }, [`${server.url}snapshot.jpg`, tile]);
}

/* Waits until the page shows the newest picture, or another difference for which fits is true. */
export async function untilSame(page, server, what, fits = d => d.most === 0, tile)
{
    let last;
    await until(() => `${what}: ${JSON.stringify(last)}`, async () =>
        fits(last = await difference(page, server, tile)));
    return last;
}
