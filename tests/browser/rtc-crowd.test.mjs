/* A crowd of WebRTC viewers in one page: SHMCAST_CROWD of them, or 64. */
import {test} from 'node:test';
import assert from 'node:assert/strict';
import {open, statsOf, until} from './helper.mjs';
import {broadcast} from './rtc.mjs';

const CROWD = Number(process.env.SHMCAST_CROWD || 64);

/* In the page: adds viewers of the stream, a few at a time, until there are count, and waits for a frame of
 * each. */
async function join(count)
{
    window.peers ??= [];

    async function offer(sdp)
    {
        for (;;) {
            const answer = await fetch('whep', {method: 'POST', body: sdp, headers: {'Content-Type': 'application/sdp'}});
            if (answer.status === 201)
                return answer.text();
            if (answer.status !== 429 && answer.status !== 503) /* others connect, or a slow machine does */
                throw new Error(`${answer.status} ${await answer.text()}`);
            await new Promise(done => setTimeout(done, 200));
        }
    }

    /* Until it succeeds: on a slow machine the server may give up a viewer that does not connect within 20 s. */
    async function add()
    {
        const peer = new RTCPeerConnection({bundlePolicy: 'max-bundle'});
        peer.addTransceiver('video', {direction: 'recvonly'});
        peer.messages = peer.createDataChannel('events');
        await peer.setLocalDescription();
        await peer.setRemoteDescription({type: 'answer', sdp: await offer(peer.localDescription.sdp)});
        while (peer.connectionState !== 'connected' || peer.messages.readyState !== 'open') {
            if (['failed', 'closed'].includes(peer.connectionState) || peer.messages.readyState === 'closed') {
                peer.close();
                return add();
            }
            await new Promise(done => setTimeout(done, 50));
        }
        peers.push(peer);
    }

    while (peers.length < count)
        await Promise.all(Array.from({length: Math.min(8, count - peers.length)}, add));
}

/* Frames that each viewer has received. */
async function received()
{
    return Promise.all(peers.map(async peer =>
        [...(await peer.getStats()).values()].find(s => s.type === 'inbound-rtp')?.framesReceived ?? 0));
}

test('a crowd of viewers in one page', {timeout: 1200000}, async t => {
    const {server} = await broadcast(t, '64x48', 5, '--max-viewers', String(CROWD + 1));
    const page = await open(t, `${server.url}?transport=ws`);
    page.allowed.push(/status of (429|503)/);
    await page.evaluate(join, CROWD);
    let frames;
    await until(() => `frames for each: ${frames}`, async () => {
        frames = await page.evaluate(received);
        return frames.every(n => n > 0);
    });
    const {webrtc} = await statsOf(server);
    assert.equal(webrtc.peers, CROWD);
    const before = await page.evaluate(received);
    await until(() => `more frames for each: ${frames}`, async () => {
        frames = await page.evaluate(received);
        return frames.every((n, i) => n > before[i] + 5);
    });
    assert.equal((await statsOf(server)).webrtc.peers, CROWD);
    assert.ok((await page.evaluate(() => peers.map(p => p.connectionState))).every(s => s === 'connected'));
    await page.evaluate(() => peers.forEach(peer => peer.close()));
    await until('all have left', async () => (await statsOf(server)).webrtc.peers === 0);
});
