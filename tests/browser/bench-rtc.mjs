/*
 * bench-rtc.mjs PORT VIEWERS SECONDS [janus]: Chromium with VIEWERS viewers of the server at
 * 127.0.0.1:PORT, by FURY's POST /offer, or of mountpoint 1 of Janus' streaming plugin. Prints "ready" when all receive frames, waits for a line on stdin, measures for
 * SECONDS, and prints the frames received by all viewers together, the frames that the first viewer
 * showed, and the median and 95th percentile of its delay from publication (bench-frames' clock) to
 * presentation, in ms.
 */
import {createInterface} from 'node:readline';
import {once} from 'node:events';
import {chromium} from 'playwright-core';

const [port, viewers, seconds] = process.argv.slice(2, 5).map(Number);
const janus = process.argv[5] === 'janus';

/* In the page. */
async function join(janus)
{
    const peer = new RTCPeerConnection();
    const stream = new Promise(done => (peer.ontrack = e => done(e.streams[0] ?? new MediaStream([e.track]))));
    const post = async (path, body) => await (await fetch(path, {
        method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body)})).json();
    const gather = async () => {
        await peer.setLocalDescription();
        while (peer.iceGatheringState !== 'complete')
            await new Promise(done => (peer.onicegatheringstatechange = done));
    };
    if (janus) {
        const ask = (path, body) => post('/janus' + path, {...body, transaction: crypto.randomUUID()});
        const session = '/' + (await ask('', {janus: 'create'})).data.id;
        const handle = (await ask(session, {janus: 'attach', plugin: 'janus.plugin.streaming'})).data.id;
        const path = `${session}/${handle}`;
        await ask(path, {janus: 'message', body: {request: 'watch', id: 1}});
        let offer;
        while (!offer)
            offer = (await (await fetch(`/janus${session}?maxev=1`)).json()).jsep;
        await peer.setRemoteDescription(offer);
        await gather();
        await ask(path, {janus: 'message', body: {request: 'start'}, jsep: peer.localDescription});
    } else {
        peer.addTransceiver('video', {direction: 'recvonly'});
        await gather();
        await peer.setRemoteDescription(await post('/offer', peer.localDescription));
    }
    (window.peers ??= []).push(peer);
    if (peers.length > 1)
        return;
    const video = document.body.appendChild(document.createElement('video'));
    video.muted = true;
    video.srcObject = await stream;
    video.play();
    const context = new OffscreenCanvas(512, 16).getContext('2d', {willReadFrequently: true});
    window.shown = [];
    const record = (now, {presentationTime}) => {
        video.requestVideoFrameCallback(record);
        context.drawImage(video, 0, 0, 512, 16, 0, 0, 512, 16);
        const {data} = context.getImageData(0, 8, 512, 1);
        let us = 0;
        for (let bit = 0; bit < 32; bit++)
            us = us * 2 + (data[(bit * 16 + 8) * 4] > 127 ? 1 : 0);
        shown.push([us, presentationTime]);
    };
    video.requestVideoFrameCallback(record);
}

async function received()
{
    let frames = [];
    for (const peer of window.peers)
        for (const s of (await peer.getStats()).values())
            if (s.type === 'inbound-rtp')
                frames.push(s.framesReceived ?? 0);
    return frames;
}

/* CLOCK_MONOTONIC at the page's time 0, in ms. */
async function origin(page)
{
    let best = {trip: Infinity};
    for (let i = 0; i < 30; i++) {
        const before = Number(process.hrtime.bigint()) / 1e6;
        const now = await page.evaluate(() => performance.now());
        const after = Number(process.hrtime.bigint()) / 1e6;
        if (after - before < best.trip)
            best = {trip: after - before, at: (before + after) / 2 - now};
    }
    return best.at;
}

const browser = await chromium.launch({executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking']});
process.on('SIGTERM', () => browser.close().then(() => process.exit(0)));
try {
    const page = await browser.newPage();
    const url = `http://127.0.0.1:${port}/bench-rtc`;
    await page.route(url, route => route.fulfill({contentType: 'text/html', body: '<!DOCTYPE html>'}));
    await page.goto(url);
    for (let i = 0; i < viewers; i++)
        await page.evaluate(join, janus);
    const end = Date.now() + 30000;
    for (let got = []; got.length < viewers || got.some(n => n < 10);) {
        if (Date.now() > end)
            throw new Error(`no frames: ${got}; ${await page.evaluate(() => peers.map(p => `${p.connectionState} ${p.iceConnectionState}`))}`);
        await new Promise(done => setTimeout(done, 200));
        got = await page.evaluate(received);
    }
    const zero = await origin(page);
    console.log('ready');
    await once(createInterface({input: process.stdin}), 'line');
    const sum = list => list.reduce((a, b) => a + b, 0);
    const before = sum(await page.evaluate(received));
    await page.evaluate(() => (shown.length = 0));
    await new Promise(done => setTimeout(done, seconds * 1000));
    const [after, shown] = [sum(await page.evaluate(received)), await page.evaluate(() => shown)];
    const delays = shown.map(([us, ms]) => {
        const at = Math.round((zero + ms) * 1000) % 2 ** 32;
        return ((at - us + 2 ** 32 + 2 ** 31) % 2 ** 32 - 2 ** 31) / 1000;
    }).sort((a, b) => a - b);
    const part = share => delays[Math.floor(delays.length * share)] ?? NaN;
    console.log(after - before, shown.length, part(0.5), part(0.95));
} finally {
    await browser.close();
}
process.exit(0);
