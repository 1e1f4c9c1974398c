/* Access of another site's scripts to ws-serve, in a real browser. */
import {test} from 'node:test';
import assert from 'node:assert/strict';
import {createServer} from 'node:http';
import {once} from 'node:events';
import {createStream, name, open, serve, start, until} from './helper.mjs';

/* Another site: 127.0.0.1 at another port. */
async function otherSite(t)
{
    const server = createServer((request, response) => {
        response.setHeader('content-type', 'text/html');
        response.end('<!doctype html><link rel="icon" href="data:,"><title>elsewhere</title>');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    return `http://127.0.0.1:${server.address().port}`;
}

async function scene(t, ...options)
{
    await createStream(t, '320x240');
    start(t, 'shm-encode', ['-s', '0', '-q', '90', name]);
    start(t, 'frame-gen', ['-s', '320x240', '-r', '10', '-o', name]);
    const server = await serve(t, 0, ...options);
    await until('a picture', async () => (await fetch(`${server.url}snapshot.jpg`)).ok);
    return server;
}

/* Tries everything that a script can read. Returns 'read' or 'blocked' for each. */
function attempt(page, url)
{
    return page.evaluate(async base => {
        const outcome = {};
        const note = async (what, doing) => {
            outcome[what] = await doing().then(() => 'read', () => 'blocked');
        };
        const draw = image => {
            const canvas = document.createElement('canvas');
            canvas.getContext('2d').drawImage(image, 0, 0);
            if (canvas.getContext('2d').getImageData(0, 0, 9, 9).data.length !== 324)
                throw new Error('no pixels');
        };
        const load = crossOrigin => new Promise((done, fail) => {
            const image = new Image();
            if (crossOrigin)
                image.crossOrigin = crossOrigin;
            image.onload = () => done(image);
            image.onerror = () => fail(new Error('not loaded'));
            image.src = `${base}snapshot.jpg`;
        });
        await note('shown', () => load());
        await note('tainted', async () => draw(await load()));
        await note('pixels', async () => draw(await load('anonymous')));
        await note('stats', async () => (await fetch(`${base}stats`)).json());
        await note('etag', async () => {
            const answer = await fetch(`${base}snapshot.jpg`);
            if (!/^"[0-9a-f]{16}-\d+"$/.test(answer.headers.get('etag')))
                throw new Error('no tag');
        });
        await note('preflight', async () =>
            (await fetch(`${base}stats`, {headers: {authorization: 'Bearer x'}})).json());
        await note('stream', async () => {
            const control = new AbortController();
            const answer = await fetch(`${base}stream.mjpg`, {signal: control.signal});
            const reader = answer.body.getReader();
            const {value} = await reader.read();
            control.abort();
            if (!value.length)
                throw new Error('nothing came');
        });
        await note('page', async () => (await fetch(base)).text());
        await note('socket', () => new Promise((done, fail) => {
            const socket = new WebSocket(`${base.replace(/^http/, 'ws')}ws`);
            socket.onmessage = () => (socket.close(), done());
            socket.onerror = fail;
        }));
        return outcome;
    }, url);
}

const BLOCKED = {
    shown: 'blocked', tainted: 'blocked', pixels: 'blocked', stats: 'blocked', etag: 'blocked',
    'preflight': 'blocked', stream: 'blocked', page: 'blocked', socket: 'blocked',
};
const ALLOWED = {
    ...BLOCKED, shown: 'read', pixels: 'read', stats: 'read', etag: 'read', 'preflight': 'read', stream: 'read',
};

/* Chromium's console messages about blocked requests. */
const COMPLAINTS = [/CORS policy/, /ERR_FAILED/, /WebSocket connection/, /status of 403/, /ERR_BLOCKED_BY_RESPONSE/];

test('the script of another site reads nothing unless --cors allows it', async t => {
    const site = await otherSite(t);
    for (const [options, want] of [[[], BLOCKED], [['--cors', 'http://127.0.0.1:1'], BLOCKED],
                                   [['--cors', site], ALLOWED], [['--cors', '*'], ALLOWED]])
        await t.test(options.join(' ') || 'no option', async part => {
            const server = await scene(part, ...options);
            const page = await open(part, `${site}/`);
            page.allowed.push(...COMPLAINTS);
            assert.deepEqual(await attempt(page, server.url), want);
        });
});
