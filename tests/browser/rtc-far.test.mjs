/* The page at URL, which tests/server/rtc-turn.bats serves from another network. */
import {test} from 'node:test';
import assert from 'node:assert/strict';
import {eventsUpTo, open, readEvents, ready, until} from './helper.mjs';

const {URL: address} = process.env;
const transports = async () =>
    (await (await fetch(`${address}stats`)).json()).viewer_list.map(v => v.transport);

async function play(t)
{
    const events = await readEvents(t);
    const page = await open(t, 'about:blank');
    await page.addInitScript(() => {
        const Real = RTCPeerConnection;
        window.RTCPeerConnection = class extends Real {
            constructor(options)
            {
                super(options);
                window.peer = this;
            }
        };
    });
    await page.goto(`${address}?overlay=1`);
    await ready(page);
    await until('pictures', async () => parseFloat(await page.textContent('#o-rate')) > 5);
    await page.mouse.click(300, 300);
    assert.deepEqual((await eventsUpTo(events, 'pointer_up')).map(e => e.type).slice(-2),
                     ['pointer_down', 'pointer_up']);
    return page;
}

/* The browser's report: candidate types of the video's route, "LOCAL REMOTE", and decoded frames. */
function route(page)
{
    return page.evaluate(async () => {
        const report = await peer.getStats();
        const all = [...report.values()];
        const pair = report.get(all.find(s => s.type === 'transport')?.selectedCandidatePairId);
        const kind = id => report.get(id)?.candidateType;
        return {
            pair: pair && `${kind(pair.localCandidateId)} ${kind(pair.remoteCandidateId)}`,
            frames: all.find(s => s.type === 'inbound-rtp' && s.kind === 'video')?.framesDecoded ?? 0,
        };
    });
}

test('through the relay', async t => {
    const page = await play(t);
    assert.deepEqual(await transports(), ['webrtc']);
    const {pair, frames} = await route(page);
    t.diagnostic(`candidate types, local and remote: ${pair}`);
    assert.match(pair, /relay/);
    assert.ok(frames > 5, `${frames}`);
    await until('the transport', async () => (await page.textContent('#o-transport')) === 'WebRTC VP8, relayed');
});

test('without a relay: WebSocket', async t => {
    const page = await play(t);
    assert.deepEqual(await transports(), ['websocket']);
    assert.equal(await page.textContent('#o-transport'), 'WebSocket no WebRTC');
    assert.equal((await route(page)).pair, undefined);
});
