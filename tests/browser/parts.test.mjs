/*
 * Parts of pictures: a painter draws random rectangles, while pictures are skipped and damaged, connections
 * are slow or lost, and programs are killed. The canvas must end equal to the whole picture.
 */
import {test} from 'node:test';
import {createServer, connect} from 'node:net';
import {once} from 'node:events';
import assert from 'node:assert/strict';
import {after, live, name, open, run, serve, statsOf, until} from './helper.mjs';
import {createPainter, painted, untilSame} from './paint.mjs';

const SECONDS = Number(process.env.SHMCAST_PAINT_SECONDS || 6); /* of the longest painting */

async function openLive(t, url, options)
{
    const page = await open(t, url, options);
    await live(page);
    return page;
}

/* Skips pictures: the page is busy for a fifth of the time. */
const beBusy = () => {
    window.busy = setInterval(() => {
        const end = performance.now() + 80;
        while (performance.now() < end)
            ;
    }, 400);
};

/* Messages have to wait for their decoding. */
const beSlow = () => {
    const make = createImageBitmap;
    window.createImageBitmap = async blob => {
        await new Promise(done => setTimeout(done, 60));
        return make(blob);
    };
};

/* Some JPEGs can't be decoded. */
const damage = () => {
    const make = createImageBitmap;
    let made = 0;
    window.restore = () => (window.createImageBitmap = make);
    window.createImageBitmap = blob => (++made % 17 ? make(blob) : Promise.reject(new Error('damaged')));
};

async function paintAndCompare(t, ...options)
{
    const {encode, encoder, painter, server} = await painted(t, 643, 401, 1, '-q', '70', '-S', '444', ...options);
    const page = await openLive(t, server.url, {wire: true});
    await painter.paint(SECONDS);
    await untilSame(page, server, 'all pictures');
    const {sent} = await statsOf(server);
    assert.ok(sent.parts > sent.pictures / 3, `${sent.parts} of ${sent.pictures} as parts`);

    await page.evaluate(beBusy);
    await painter.paint(SECONDS / 3);
    await page.evaluate(() => clearInterval(busy));
    await untilSame(page, server, 'skipped pictures');

    const hellos = () => page.evaluate(() => wire.sent.filter(m => m.type === 'hello').length);
    const asked = await hellos();
    await page.evaluate(damage);
    await painter.paint(SECONDS / 3);
    await page.evaluate(() => restore());
    await painter.paint(0.1);
    await untilSame(page, server, 'damaged pictures');
    assert.ok(await hellos() > asked, 'the page asked for a whole picture');

    await page.evaluate(() => { /* parts, and the whole picture that the page asks for then */
        const make = createImageBitmap;
        window.left = 2;
        window.createImageBitmap = blob => (left && left-- ? Promise.reject(new Error('damaged')) : make(blob));
    });
    await until('two damaged messages', async () => {
        await painter.dot();
        return page.evaluate(() => left === 0);
    });
    await painter.dot();
    await untilSame(page, server, 'a damaged whole picture');

    await page.evaluate(() => { /* as when the graphics process has ended */
        const canvas = document.querySelector('#picture canvas');
        canvas.getContext('2d').fillRect(0, 0, canvas.width, canvas.height);
        canvas.dispatchEvent(new Event('contextrestored'));
    });
    await untilSame(page, server, 'a blank canvas');

    const slow = await openLive(t, server.url, {wire: 'without acks'});
    await slow.evaluate(beSlow);
    await painter.paint(SECONDS / 3);
    await untilSame(slow, server, 'many messages that wait');
    await slow.close();

    await encoder.stop('SIGKILL');
    await painter.paint(0.2);
    encode();
    await painter.paint(SECONDS / 3);
    await untilSame(page, server, 'another encoder');
}

/* Sharpened pictures would hide a tile that is left out: they have it again. */
test('random rectangles: the canvas ends equal to the whole picture, to the pixel', t =>
    paintAndCompare(t, '-s', '0'));

test('random rectangles, sharpened in pauses: the canvas ends equal to the whole picture', t =>
    paintAndCompare(t, '-s', '0.1,95,444'));

test('random rectangles: a lost connection, a stopped page, other sizes, another stream', async t => {
    const {painter, server} = await painted(t, 320, 200, 2, '-q', '70', '-S', '444');
    const page = await openLive(t, server.url);
    page.allowed.push(/WebSocket connection to .* failed|ERR_CONNECTION_REFUSED/);
    await painter.paint(SECONDS / 6);
    await server.stop();
    await painter.paint(SECONDS / 6);
    const again = await serve(t, server.port);
    await live(page);
    await painter.paint(SECONDS / 6);
    await untilSame(page, again, 'another connection');

    await painter.writer.stop();
    for (const [width, height] of [[200, 120], [17, 31], [320, 200]]) {
        const other = createPainter(t, width, height, width);
        await other.paint(SECONDS / 6);
        await untilSame(page, again, `${width} × ${height}`);
        await other.writer.stop();
    }

    for (const [width, height] of [[320, 200], [400, 300]]) {
        await run('shm-create', ['--replace', '-s', `${width}x${height}`, name]);
        const other = createPainter(t, width, height, height);
        await other.paint(SECONDS / 6);
        await untilSame(page, again, `another stream, ${width} × ${height}`);
        await other.writer.stop();
    }
});

/* A TCP proxy that forwards rate bytes per second to each client, ms milliseconds later. */
async function slowProxy(t, port, rate, ms)
{
    const sockets = new Set();
    const proxy = createServer({highWaterMark: 16384}, client => {
        const server = connect({port, host: '127.0.0.1', highWaterMark: 16384});
        let free = 0;
        for (const socket of [client, server]) {
            sockets.add(socket);
            socket.on('error', () => {});
            socket.on('close', () => sockets.delete(socket));
        }
        const forward = (from, to, paced) => {
            from.on('data', async data => {
                const now = performance.now();
                free = Math.max(free, now) + (paced ? data.length / rate * 1000 : 0);
                const due = (paced ? free : now) + ms / 2;
                if (paced) { /* as a link does, it holds a second's data at most */
                    from.pause();
                    setTimeout(() => from.resume(), free - now);
                }
                setTimeout(() => to.destroyed || to.write(data), due - now);
            });
            from.on('end', () => setTimeout(() => to.end(), ms));
        };
        forward(client, server, false);
        forward(server, client, true);
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    after(t, async () => {
        sockets.forEach(socket => socket.destroy());
        proxy.close();
    });
    return proxy.address().port;
}

test('random rectangles: a viewer with 1 MB/s and 200 ms skips pictures and ends equal', async t => {
    const {painter, server} = await painted(t, 640, 480, 4, '-q', '90', '-S', '444', '-s', '0');
    const port = await slowProxy(t, server.port, 1e6, 200);
    const page = await openLive(t, server.url.replace(`:${server.port}/`, `:${port}/`));
    let skipped, parts;
    await until(() => `${skipped} skipped, ${parts} as parts`, async () => {
        await painter.paint(SECONDS);
        ({skipped, parts} = (await statsOf(server)).viewer_list[0]);
        return skipped > 5 && parts > 5;
    });
    await untilSame(page, {url: page.url()}, 'all pictures');
});

test('parts with subsampled chroma differ from the whole picture only at their edges', async t => {
    const {painter, server} = await painted(t, 640, 480, 5, '-q', '80', '-S', '420', '-s', '0');
    const page = await openLive(t, server.url);
    await painter.paint(SECONDS / 2);
    const edges = d => d.most !== undefined && d.inside === 0;
    const found = await untilSame(page, server, 'edges of tiles', edges, [16, 16]);
    t.diagnostic(JSON.stringify(found));
});
