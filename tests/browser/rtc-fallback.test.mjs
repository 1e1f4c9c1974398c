/* Where WebRTC does not work the page uses a WebSocket. */
import {test} from 'node:test';
import assert from 'node:assert/strict';
import {eventsUpTo, live, name, open, readEvents, ready, start, stateOf, until} from './helper.mjs';
import {broadcast, gotoRtc, tapPeers, viewersUse} from './rtc.mjs';

/* Video and JPEGs. */
async function both(t)
{
    const {server} = await broadcast(t, '320x240', 20);
    start(t, 'shm-encode', [name]);
    return server;
}

/* In the page: counts WebRTC connections, their answers and WebSockets.
 * The first `blocked` WebRTC connections may use only a relay, which does not exist: they find no route. */
function tapBoth(blocked)
{
    window.began = {rtc: 0, answered: 0, ws: 0};
    const Peer = RTCPeerConnection, Socket = WebSocket;
    window.RTCPeerConnection = class extends Peer {
        constructor(options)
        {
            super({...options, ...(began.rtc++ < blocked && {iceTransportPolicy: 'relay'})});
        }

        setRemoteDescription(answer)
        {
            began.answered++;
            return super.setRemoteDescription(answer);
        }
    };
    window.WebSocket = class extends Socket {
        constructor(...all)
        {
            super(...all);
            began.ws++;
        }
    };
}

async function openTapped(t, blocked = 0)
{
    const page = await open(t, 'about:blank');
    await page.addInitScript(tapBoth, blocked);
    return page;
}

const begun = (page, what) => page.evaluate(of => began[of], what);

/* Stops the page's clock, so that its time limits do not depend on the speed of this machine. */
async function stopClock(page)
{
    await page.clock.install({time: 0});
    await page.clock.pauseAt(1000);
}

test('ICE without a route: WebSocket within 3 seconds', async t => {
    const server = await both(t);
    const events = await readEvents(t);
    const page = await openTapped(t, 1);
    await stopClock(page);
    await page.goto(`${server.url}?overlay=1`);
    await until('the answer', () => begun(page, 'answered'));
    await page.clock.runFor(2400);
    assert.equal(await begun(page, 'ws'), 0);
    await page.clock.runFor(600);
    assert.equal(await begun(page, 'ws'), 1);
    await page.clock.resume();
    await ready(page);
    await viewersUse(server, 'websocket');
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
    await stopClock(page);
    await page.addInitScript(tapPeers);
    await page.goto(server.url);
    await viewersUse(server, 'websocket');
    assert.equal(await page.textContent('#hint'), 'The stream has none yet. Is shm-encode running?');
    await page.clock.resume();
    await live(page);
    await viewersUse(server, 'webrtc');
    assert.equal(offers, 2);
});

test('a browser that refuses WebRTC: WebSocket at once', async t => {
    const server = await both(t);
    const page = await open(t, 'about:blank');
    await page.addInitScript(() => {
        window.RTCPeerConnection = class {
            constructor()
            {
                throw new Error('not allowed here');
            }
        };
    });
    await page.goto(server.url);
    await live(page);
    await viewersUse(server, 'websocket');
    assert.equal(await page.textContent('#hint'), 'WebSocket instead of WebRTC: not allowed here');
});

test('a WebRTC connection that breaks is restarted', async t => {
    const server = await both(t);
    const page = await openTapped(t);
    await gotoRtc(page, server.url);
    await viewersUse(server, 'webrtc');
    const before = await begun(page, 'rtc');
    /* To the browser a stopped server looks like a lost network. */
    server.kill('SIGSTOP');
    await until('the page shows the loss', async () => (await stateOf(page)) === 'reconnecting');
    server.kill('SIGCONT');
    await live(page);
    assert.ok(await begun(page, 'rtc') > before);
});

test('transport=ws and transport=mjpeg never try WebRTC', async t => {
    const server = await both(t);
    for (const [wish, transport] of [['ws', 'websocket'], ['mjpeg', 'mjpeg']]) {
        const page = await openTapped(t);
        await page.goto(`${server.url}?transport=${wish}`);
        await live(page);
        await viewersUse(server, transport);
        assert.equal(await begun(page, 'rtc'), 0);
        await page.close();
        await viewersUse(server);
    }
});

test('WebRTC connections that never last are given up', async t => {
    const server = await both(t);
    const page = await openTapped(t);
    await page.addInitScript(tapPeers);
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
    await until('a WebSocket', async () => (await begun(page, 'ws')) === 1);
    await live(page);
    assert.equal(await begun(page, 'rtc'), 2);
    await viewersUse(server, 'websocket');
});
