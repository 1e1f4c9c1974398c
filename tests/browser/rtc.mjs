/* Shared by the tests of the page over WebRTC, in addition to helper.mjs. Importing it selects rtc-serve. */
import assert from 'node:assert/strict';
import {createStream, live, name, open, serve, start, statsOf, until} from './helper.mjs';

process.env.SERVER = 'rtc-serve';

/* frame-gen's moving picture and rtc-serve. Nothing makes JPEGs. */
export async function broadcast(t, size, rate, ...options)
{
    await createStream(t, size);
    const source = start(t, 'frame-gen', ['-s', size, '-r', String(rate), '-e', name, '-o', name]);
    const server = await serve(t, 0, ...options);
    return {source, server};
}

/* Waits until the viewers have these transports, sorted. */
export function viewersUse(server, ...wanted)
{
    let found;
    return until(() => `transports ${wanted}, not ${found}`, async () => {
        found = (await statsOf(server)).viewer_list.map(v => v.transport).sort();
        return found.join() === wanted.join();
    });
}

export const published = async server => (await (await fetch(`${server.root}streams`)).json())[0].frames;

/* In the page, before its own scripts: records its peer connections and its video frames. While one connects,
 * time limits are 20 times as long, so that a slow machine does not fall back to a WebSocket. */
export function tapPeers()
{
    window.peers = [];
    window.presented = []; /* times of video frames */
    const request = HTMLVideoElement.prototype.requestVideoFrameCallback;
    HTMLVideoElement.prototype.requestVideoFrameCallback = function (act) {
        return request.call(this, (...args) => {
            presented.push(performance.now());
            act(...args);
        });
    };
    let factor = 1;
    const later = window.setTimeout;
    window.setTimeout = (act, ms, ...args) => later(act, ms * factor, ...args);
    const Real = RTCPeerConnection;
    window.RTCPeerConnection = class extends Real {
        constructor(options)
        {
            super(options);
            peers.push(this);
            factor = 20;
        }

        createDataChannel(...args)
        {
            const channel = super.createDataChannel(...args);
            channel.addEventListener('open', () => (factor = 1));
            return channel;
        }

        close()
        {
            factor = 1;
            super.close();
        }
    };
}

/* Loads a page until it uses WebRTC: on a busy machine ICE may be too slow, and the page falls back. */
export async function gotoRtc(page, url)
{
    /* On leaving, the page closes the connection and sends DELETE, which may arrive second. */
    page.allowed?.push(/status of 404 .*\/whep\//,
                       /status of 503 .*\/whep\b/); /* an answer that took more than 10 s */
    await page.addInitScript(tapPeers);
    for (let tries = 0; tries < 4; tries++) {
        await page.goto(url);
        await live(page);
        if (await page.isVisible('#picture video') && await page.evaluate(() => !window.wire?.got.length))
            return;
    }
    assert.fail('WebRTC never connected');
}

/* Opens a page that is live over WebRTC and has no WebSocket. first: a function that runs before its scripts. */
export async function openRtc(t, server, {search = '', first = () => {}, ...options} = {})
{
    const page = await open(t, 'about:blank', {...options, wire: true});
    await page.addInitScript(first);
    await gotoRtc(page, server.url + search);
    assert.equal(await page.evaluate(() => wire.got.length), 0, 'nothing by WebSocket');
    return page;
}

/* Frames decoded so far on the newest connection. */
export function decoded(page)
{
    return page.evaluate(async () => {
        const all = [...(await peers.at(-1).getStats()).values()];
        return all.find(s => s.type === 'inbound-rtp' && s.kind === 'video')?.framesDecoded ?? 0;
    });
}

/* Growth of the source and of these counts while the source publishes this many frames or more. The counts
 * are read within the time for which the source is counted. */
export async function growth(server, frames, ...counts)
{
    const read = () => Promise.all(counts.map(count => count()));
    const first = await published(server);
    const before = await read();
    await until(`${frames} frames`, async () => (await published(server)) >= first + frames);
    const after = await read();
    return [await published(server) - first, ...after.map((n, i) => n - before[i])];
}
