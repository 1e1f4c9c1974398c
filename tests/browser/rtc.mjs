/* What the tests of the page over WebRTC share, beside helper.mjs. Who imports it serves with rtc-serve. */
import assert from 'node:assert/strict';
import {createStream, live, name, open, serve, start, statsOf, until} from './helper.mjs';

process.env.SERVER = 'rtc-serve';

/* frame-gen's moving picture and rtc-serve. No JPEG is made. */
export async function broadcast(t, size, rate, ...options)
{
    await createStream(t, size);
    const source = start(t, 'frame-gen', ['-s', size, '-r', String(rate), '-e', name, '-o', name]);
    const server = await serve(t, 0, ...options);
    return {source, server};
}

export const transports = async server => (await statsOf(server)).viewer_list.map(v => v.transport);
export const published = async server => (await (await fetch(`${server.root}streams`)).json())[0].frames;

/* In the page, before its own scripts: its connections, in the order they were made. */
function tapPeers()
{
    window.peers = [];
    const Real = RTCPeerConnection;
    window.RTCPeerConnection = class extends Real {
        constructor(options)
        {
            super(options);
            peers.push(this);
        }
    };
}

/* Loads a page, again if need be: where ICE takes its time, as on a busy machine, WebSocket it is. */
export async function gotoRtc(page, url)
{
    /* A page that is left tells so twice, and by HTTP maybe too late. */
    page.allowed?.push(/status of 404 .*\/whep\//);
    for (let tries = 0; tries < 4; tries++) {
        await page.goto(url);
        await live(page);
        if (await page.isVisible('#picture video'))
            return;
    }
    assert.fail('WebRTC never found its way');
}

/* A page that is live over WebRTC, and has opened no WebSocket. */
export async function openRtc(t, server, {search = '', ...options} = {})
{
    const page = await open(t, 'about:blank', {...options, wire: true});
    await page.addInitScript(tapPeers);
    await gotoRtc(page, server.url + search);
    assert.equal(await page.evaluate(() => wire.got.length), 0, 'nothing by WebSocket');
    return page;
}

/* Of the newest connection: frames that were decoded so far. */
export function decoded(page)
{
    return page.evaluate(async () => {
        const all = [...(await peers.at(-1).getStats()).values()];
        return all.find(s => s.type === 'inbound-rtp' && s.kind === 'video')?.framesDecoded ?? 0;
    });
}

/* How much these counts grow until the source has made so many frames more. */
export async function growth(server, frames, ...counts)
{
    const look = async () => [await published(server), ...await Promise.all(counts.map(c => c()))];
    const before = await look();
    await until(`${frames} frames`, async () => (await published(server)) >= before[0] + frames);
    return (await look()).map((n, i) => n - before[i]);
}
