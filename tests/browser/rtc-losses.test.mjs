/* Over WebRTC: viewers, the writer and the server end and restart; the picture's size changes. */
import {test} from 'node:test';
import assert from 'node:assert/strict';
import {chromium} from 'playwright-core';
import {MIDDLES, canvasBox, eventsUpTo, hide, launch, live, name, open, pixels,
        readEvents, run, serve, settle, sizeOf, start, stateOf, statsOf, until} from './helper.mjs';
import {broadcast, decoded, gotoRtc, openRtc, viewersUse} from './rtc.mjs';

test('first: control passes from a WebRTC viewer to a WebSocket viewer', async t => {
    const {server} = await broadcast(t, '320x240', 20, '--control', 'first');
    start(t, 'shm-encode', [name]);
    const events = await readEvents(t);
    const a = await openRtc(t, server);
    const b = await open(t, `${server.url}?transport=ws`);
    await live(b);
    await viewersUse(server, 'webrtc', 'websocket');
    const says = (page, text) => until(text, async () => (await page.textContent('#controller')) === text);
    await says(a, 'You have control');
    await says(b, 'Viewer 1 has control');
    await b.click('text=Request');
    await a.waitForSelector('#requests button');
    await a.mouse.move(300, 300);
    await a.mouse.down();
    await a.focus('#requests button');
    await a.keyboard.press('Enter');
    await says(a, 'Viewer 2 has control');
    await says(b, 'You have control');
    await eventsUpTo(events, 'pointer_up'); /* the server released the button */
    await a.mouse.up();
    await b.mouse.click(250, 250);
    const got = await eventsUpTo(events, 'pointer_up', 2);
    assert.deepEqual(got.filter(e => e.type === 'pointer_up').map(e => e.viewer), [1, 2]);
});

test('another picture size, and a larger stream', async t => {
    const {server, source} = await broadcast(t, '640x360', 20);
    const page = await openRtc(t, server);
    for (const size of ['320x480', '96x64']) {
        await source.stop();
        const [width, height] = size.split('x');
        const next = start(t, 'frame-gen', ['-s', size, '-r', '20', '-o', name]);
        await until(size, async () => (await sizeOf(page)) === `${width} × ${height}`);
        /* The video has its size a moment before the page does. */
        let box;
        await until(() => `the picture is not distorted: ${JSON.stringify(box)}`, async () => {
            box = await canvasBox(page);
            return Math.abs(box.width / box.height - width / height) < 0.01;
        });
        await next.stop();
    }
    await run('shm-create', ['--replace', '-s', '1280x720', name]);
    start(t, 'frame-gen', ['-s', '1280x720', '-r', '20', '-o', name]);
    await until('the larger picture', async () => (await sizeOf(page)) === '1280 × 720');
    await live(page);
    await viewersUse(server, 'webrtc');
});

test('pixels that are not square give the video its shape', async t => {
    const {server, source} = await broadcast(t, '320x240', 20);
    const page = await openRtc(t, server);
    await source.stop();
    for (const [aspect, shape] of [['2:1', 8 / 3], ['3:4', 1], ['1:1', 4 / 3]]) {
        const input = Buffer.alloc(320 * 240 * 3, aspect);
        await run('shm-write', ['-s', '320x240', '-f', 'rgb24', '--aspect', aspect, name], {input});
        await until(aspect, async () => {
            const {width, height} = await canvasBox(page);
            return Math.abs(width / height / shape - 1) < 0.02;
        });
        assert.equal(await sizeOf(page), '320 × 240');
    }
    await viewersUse(server, 'webrtc');
});

test('a killed, closed or hidden browser is no viewer any more; the others continue', async t => {
    const {server, source} = await broadcast(t, '320x240', 20);
    const page = await openRtc(t, server);
    page.allowed.push(/ERR_CONNECTION_REFUSED/);

    const victim = await launch([], 'launchServer');
    t.after(() => victim.close().catch(() => {}));
    const other = await (await chromium.connect(victim.wsEndpoint())).newPage();
    await gotoRtc(other, server.url);
    await viewersUse(server, 'webrtc', 'webrtc');
    process.kill(victim.process().pid, 'SIGKILL');
    const shown = await decoded(page);
    await until('20 more frames', async () => (await decoded(page)) >= shown + 20);

    await source.stop('SIGKILL');
    await until('stalled', async () => (await stateOf(page)) === 'stalled');
    start(t, 'frame-gen', ['-s', '320x240', '-r', '20', '-o', name]);
    await live(page);
    assert.equal(await page.evaluate(() => peers.length), 1, 'the same connection');
    await viewersUse(server, 'webrtc');

    const away = await openRtc(t, server);
    await viewersUse(server, 'webrtc', 'webrtc');
    await away.goto('about:blank');
    await viewersUse(server, 'webrtc');
    await hide(page);
    await viewersUse(server);
    await page.bringToFront();
    await live(page);
    await viewersUse(server, 'webrtc');

    await server.stop('SIGKILL');
    await until('the page shows the loss', async () => (await stateOf(page)) === 'reconnecting');
    await settle(page);
    const bright = (await pixels(page, MIDDLES)).flat().filter(v => v > 100);
    assert.ok(bright.length, 'the last picture stays');
    const again = await serve(t, server.port);
    await live(page);
    await viewersUse(again, 'webrtc');
});

/* In the page: records its states from now on. */
function recordStates()
{
    window.states = [];
    new MutationObserver(() => states.push(document.documentElement.dataset.state))
        .observe(document.documentElement, {attributeFilter: ['data-state']});
}

/* In the page: counts half seconds; notes the count at the latest message of the data channel, and at the
 * first request of statistics after it. */
function countBeats()
{
    window.beats = {now: 0, heard: 0, asked: 0};
    setInterval(() => beats.now++, 500);
    const create = RTCPeerConnection.prototype.createDataChannel;
    RTCPeerConnection.prototype.createDataChannel = function (...args) {
        const channel = create.apply(this, args);
        channel.addEventListener('message', () => Object.assign(beats, {heard: beats.now, asked: 0}));
        return channel;
    };
    const ask = window.fetch;
    window.fetch = (...args) => {
        if (/stats/.test(args[0]))
            beats.asked ||= beats.now;
        return ask(...args);
    };
}

test('a killed server is noticed within a second, as its end is', async t => {
    const {server, source} = await broadcast(t, '320x240', 20);
    const page = await openRtc(t, server, {first: countBeats, search: '?overlay=1'});
    page.allowed.push(/net::ERR_/, /Failed to fetch/);
    const roundTrip = await until('the round trip', async () => parseFloat(await page.textContent('#o-round-trip')));
    await source.stop(); /* no messages but those that the page asks for */
    await page.evaluate(recordStates);
    await server.stop('SIGKILL');
    await until('the page has noticed', () => page.evaluate(() => states.includes('reconnecting')));
    const {heard, asked} = await page.evaluate(() => beats);
    /* Later on a busy machine, where answers take longer; but without the watch it would ask after seven. */
    assert.ok(asked - heard <= 4 + roundTrip / 125, `asked ${asked - heard} half seconds after the last message`);

    /* The same port; the page finds the new server, whose end needs no question. */
    const next = await serve(t, server.port);
    await viewersUse(next, 'webrtc');
    await until('the data channel', () => page.evaluate(() => peers.at(-1).connectionState === 'connected'));
    await page.route('**/stats*', () => {}); /* no answer */
    await page.evaluate(() => (states.length = 0));
    await next.stop();
    await until('the page has noticed', () => page.evaluate(() => states.includes('reconnecting')));
});

/* In the page: while window.hold is true, messages of the data channel wait until the page has asked for
 * statistics, and has got those of another server on the same port. */
function answerAsOther()
{
    const held = [];
    window.hold = false;
    const create = RTCPeerConnection.prototype.createDataChannel;
    RTCPeerConnection.prototype.createDataChannel = function (...args) {
        const channel = create.apply(this, args);
        let act = null;
        channel.addEventListener('message', e => (hold ? held.push(() => act?.(e)) : act?.(e)));
        Object.defineProperty(channel, 'onmessage', {set: f => (act = f)});
        return channel;
    };
    const ask = window.fetch;
    window.fetch = (...args) => {
        if (!hold || !/stats/.test(args[0]))
            return ask(...args);
        setTimeout(() => {
            window.hold = false;
            held.splice(0).forEach(run => run());
        }, 100);
        return Promise.resolve(Response.json({name: 'other', server: 'other', viewer_list: [], transports: []}));
    };
}

test('another server on the same port does not end a connection', async t => {
    const {server} = await broadcast(t, '320x240', 20, '--share-port');
    const page = await openRtc(t, server, {first: answerAsOther});
    await page.evaluate(recordStates);
    await page.evaluate(() => (window.hold = true));
    await until('the page has asked', () => page.evaluate(() => !hold));
    await until('statistics of our server', async () =>
        (await statsOf(server)).viewer_list.length === 1 && /^[0-9a-f]{16}$/.test((await statsOf(server)).server));
    assert.equal(await page.evaluate(() => peers.length), 1);
    assert.ok(!(await page.evaluate(() => states.includes('reconnecting'))));
});
