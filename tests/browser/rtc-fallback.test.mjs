/* Where WebRTC does not work the page uses a WebSocket. */
import {test} from 'node:test';
import assert from 'node:assert/strict';
import {eventsUpTo, live, name, open, readEvents, start, stateOf, until} from './helper.mjs';
import {broadcast, gotoRtc, transports} from './rtc.mjs';

/* Video and JPEGs. */
async function both(t)
{
    const {server} = await broadcast(t, '320x240', 20);
    start(t, 'shm-encode', [name]);
    return server;
}

/* In the page: records the start and the answer of each WebRTC connection, and the start of each WebSocket.
 * The first `blocked` WebRTC connections may use only a relay, which does not exist: they find no route. */
function tapBoth(blocked)
{
    window.began = {rtc: [], answered: [], ws: []};
    const Peer = RTCPeerConnection, Socket = WebSocket;
    window.RTCPeerConnection = class extends Peer {
        constructor(options)
        {
            super({...options, ...(began.rtc.length < blocked && {iceTransportPolicy: 'relay'})});
            began.rtc.push(performance.now());
        }

        setRemoteDescription(answer)
        {
            began.answered.push(performance.now());
            return super.setRemoteDescription(answer);
        }
    };
    window.WebSocket = class extends Socket {
        constructor(...all)
        {
            super(...all);
            began.ws.push(performance.now());
        }
    };
}

async function openTapped(t, blocked = 0)
{
    const page = await open(t, 'about:blank');
    await page.addInitScript(tapBoth, blocked);
    return page;
}

/* Checks the first fallback. A busy machine may take longer to answer. */
async function fellBackSoon(page)
{
    const {rtc: [from], answered: [answered], ws: [to]} = await page.evaluate(() => began);
    assert.ok(to - from <= 3000 || to - answered <= 2000, `${to - from} ms, ${to - answered} after the answer`);
}

test('ICE without a route: WebSocket within 3 seconds', async t => {
    const server = await both(t);
    const events = await readEvents(t);
    const page = await openTapped(t, 1);
    await page.goto(`${server.url}?overlay=1`);
    await live(page);
    await fellBackSoon(page);
    assert.deepEqual(await transports(server), ['websocket']);
    await until('the transport', async () => (await page.textContent('#o-transport')) === 'WebSocket no WebRTC');
    assert.equal(await page.textContent('#hint'), 'WebSocket instead of WebRTC: no route was found');
    await page.mouse.click(300, 300);
    await eventsUpTo(events, 'pointer_up');
});

test('a refused offer: WebSocket at once, and WebRTC again if the WebSocket shows nothing', async t => {
    const {server} = await broadcast(t, '320x240', 20);
    const page = await openTapped(t);
    page.allowed.push(/status of 406/);
    let offers = 0;
    await page.route('**/whep', route => offers++ ? route.fallback() : route.fulfill({status: 406, body: 'no\n'}));
    await page.goto(server.url);
    await until('a WebSocket', async () => (await transports(server)).join() === 'websocket');
    assert.equal(await page.textContent('#hint'), 'The stream has none yet. Is shm-encode running?');
    const {rtc: [from], ws: [to]} = await page.evaluate(() => began);
    assert.ok(to - from <= 2000, `${to - from} ms`);
    await live(page);
    assert.deepEqual(await transports(server), ['webrtc']);
    assert.equal(offers, 2);
});

test('a WebRTC connection that breaks is restarted', async t => {
    const server = await both(t);
    const page = await openTapped(t);
    await gotoRtc(page, server.url);
    assert.deepEqual(await transports(server), ['webrtc']);
    const before = (await page.evaluate(() => began)).rtc.length;
    /* To the browser a stopped server looks like a lost network. */
    server.kill('SIGSTOP');
    await until('the page shows the loss', async () => (await stateOf(page)) === 'reconnecting', 30);
    server.kill('SIGCONT');
    await live(page);
    assert.ok((await page.evaluate(() => began)).rtc.length > before);
});

test('transport=ws and transport=mjpeg never try WebRTC', async t => {
    const server = await both(t);
    for (const [wish, transport] of [['ws', 'websocket'], ['mjpeg', 'mjpeg']]) {
        const page = await openTapped(t);
        await page.goto(`${server.url}?transport=${wish}`);
        await live(page);
        assert.deepEqual(await transports(server), [transport]);
        assert.deepEqual((await page.evaluate(() => began)).rtc, []);
        await page.close();
        await until('the viewer left', async () => (await transports(server)).length === 0);
    }
});

test('WebRTC connections that never last are given up', async t => {
    const server = await both(t);
    const page = await openTapped(t);
    await page.addInitScript(() => {
        const Real = RTCPeerConnection;
        window.RTCPeerConnection = class extends Real {
            createDataChannel(label)
            {
                const channel = super.createDataChannel(label);
                channel.addEventListener('open', () => setTimeout(() => channel.close(), 500));
                return channel;
            }
        };
    });
    await page.goto(server.url);
    await until('a WebSocket', async () => (await page.evaluate(() => began.ws.length)) === 1);
    await live(page);
    assert.equal((await page.evaluate(() => began)).rtc.length, 2);
    await until('only the WebSocket', async () => (await transports(server)).join() === 'websocket', 30);
});
