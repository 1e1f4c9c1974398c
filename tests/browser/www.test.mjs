/*
 * Custom pages by --www. The page in fury-page speaks the protocol of FURY 0.12. With SHMCAST_FURY_WWW
 * set to the folder fury/stream/server/www of FURY 0.12, the tests use FURY's own page instead.
 */
import {test} from 'node:test';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import assert from 'node:assert/strict';
import {MIDDLES, QUARTERS, createStream, eventsUpTo, name, near, open, pixels, quarters, readEvents,
        serve, start, statsOf, until} from './helper.mjs';

const FOLDER = process.env.SHMCAST_FURY_WWW || new URL('fury-page', import.meta.url).pathname;

/* FURY's page also requests a WebRTC library from another site, and an icon. */
const ELSEWHERE = [/webrtc\.github\.io/, /favicon\.ico/];

/* play: starts the video of a page that uses WebRTC. */
async function scene(t, path, what = '#videoMJPEG', play = () => {}, folder = FOLDER)
{
    await createStream(t, '320x240');
    start(t, 'shm-encode', ['-s', '0', '-q', '90', '-S', '444', name]);
    const writer = start(t, 'shm-write', [name], {stdin: 'pipe'});
    writer.stdin.write(quarters(320, 240));
    const server = await serve(t, 0, '--www', folder);
    const events = await readEvents(t);
    const page = await open(t, `${server.root}${path}`);
    page.allowed.push(...ELSEWHERE);
    await play(page);
    await until('the picture', async () => {
        const got = await pixels(page, MIDDLES, what);
        return got?.every((pixel, i) => pixel.every((v, c) => Math.abs(v - QUARTERS[i][c]) < 8));
    });
    return {server, page, events};
}

function classOf(page, id = 'videoMJPEG')
{
    return page.evaluate(of => document.getElementById(of).className, id);
}

test('a page that speaks the FURY protocol shows the stream and has control', async t => {
    const {server, page, events} =
        await scene(t, '?encoding=mjpeg&interaction=1&iframe=1&background=rgb(1,2,3)');
    assert.equal(await classOf(page), 'videoIframeMode');
    assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor),
                 'rgb(1, 2, 3)');
    const box = await page.locator('#videoMJPEG').boundingBox();
    const at = (x, y) => [box.x + box.width * x, box.y + box.height * y];
    await until('the WebSocket', async () =>
        (await (await fetch(`${server.root}stats`)).json()).viewers === 2);

    await page.mouse.move(...at(0.25, 0.75));
    await page.keyboard.down('Shift');
    await page.mouse.down();
    await eventsUpTo(events, 'pointer_down');
    /* The page sends at most one move per 80 ms and drops the others. */
    for (let i = 0; !events.some(e => e.type === 'pointer_move'); i++) {
        assert.ok(i < 1000, 'a move is sent');
        await page.mouse.move(...at(i % 2 ? 0.5 : 0.52, 0.5));
        await page.evaluate(() => new Promise(requestAnimationFrame));
    }
    await page.mouse.up();
    await page.keyboard.up('Shift');
    await page.mouse.wheel(0, 120);
    await page.mouse.down({button: 'right'});
    await page.mouse.up({button: 'right'});
    await page.mouse.down({button: 'middle'});
    await page.mouse.up({button: 'middle'});
    const got = await eventsUpTo(events, 'pointer_up', 3);

    assert.deepEqual(got.map(e => e.type).filter((type, i, all) => type !== all[i - 1]),
                     ['pointer_down', 'pointer_move', 'pointer_up', 'wheel', 'pointer_down',
                      'pointer_up', 'pointer_down', 'pointer_up']);
    assert.deepEqual(got.filter(e => e.type === 'pointer_down').map(e => e.button), [1, 2, 3]);
    assert.deepEqual(got.filter(e => e.type === 'pointer_up').map(e => e.button), [1, 2, 3]);
    const down = got[0], move = got.find(e => e.type === 'pointer_move');
    near([down.x, down.y], [0.25, 0.75], 0.01, 'pointer_down');
    near([move.x, move.y], [0.51, 0.5], 0.02, 'pointer_move');
    assert.deepEqual(down.modifiers, ['shift']);
    assert.deepEqual(move.modifiers, ['shift']);
    assert.equal(got.find(e => e.type === 'wheel').dy, 120);
    assert.equal(new Set(got.map(e => e.viewer)).size, 1);
    const sent = Object.fromEntries((await statsOf(server)).viewer_list.map(v => [v.transport, v.sent]));
    assert.ok(sent.mjpeg > 0);
    assert.equal(sent.websocket, 0, 'its WebSocket only sends');
});

test('with interaction=0 such a page shows the picture and sends nothing', async t => {
    const {page, events} = await scene(t, '?encoding=mjpeg&interaction=0');
    assert.equal(await classOf(page), 'videoNormalMode');
    const box = await page.locator('#videoMJPEG').boundingBox();
    await page.mouse.click(box.x + 20, box.y + 20);
    await page.mouse.wheel(0, 120);
    /* Anything the page sent would come before this. */
    const socket = await page.evaluate(() => new Promise((done, fail) => {
        const ws = new WebSocket(`ws://${location.host}/ws`);
        ws.onerror = fail;
        ws.onopen = () => (ws.send('{"type":"key_down","key":"z"}'), done(true));
    }));
    assert.ok(socket);
    assert.deepEqual((await eventsUpTo(events, 'key_down')).map(e => e.type), ['key_down']);
});

test('the built-in page is still available beside another', async t => {
    const {server, page} = await scene(t, '?encoding=mjpeg');
    await page.goto(server.url);
    await until('the canvas', async () =>
        (await page.evaluate(() => document.documentElement.dataset.state)) === 'live');
});

test('a page that speaks the FURY protocol plays WebRTC and has control', async t => {
    process.env.SERVER = 'rtc-serve';
    t.after(() => delete process.env.SERVER);
    const {server, page, events} = await scene(t, '?interaction=1', '#video', async page => {
        page.allowed.push(/^log: /); /* it logs the answer on its console */
        await page.click('#startBtn');
    });
    assert.equal(await classOf(page, 'video'), 'videoNormalMode');
    const {viewer_list: viewers, webrtc} = await statsOf(server);
    assert.deepEqual(viewers.map(v => v.transport).sort(), ['webrtc', 'websocket']);
    assert.equal(webrtc.peers, 1);
    const box = await page.locator('#video').boundingBox();
    await page.mouse.move(box.x + box.width / 4, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.up();
    /* Its WebSocket only sends: images come as video alone. */
    const socket = viewers.find(v => v.transport === 'websocket');
    assert.equal(socket.sent, 0);
    /* The release of the start button counts as well. */
    const got = await eventsUpTo(events, 'pointer_up', 2);
    assert.deepEqual(got.map(e => e.type), ['pointer_up', 'pointer_down', 'pointer_up']);
    near([got[1].x, got[1].y], [0.25, 0.5], 0.01, 'pointer_down');
});

/* The display after the line .\" page of shmcast-web(7). */
function pageOfManual()
{
    const manual = readFileSync(new URL('../../man/shmcast-web.7', import.meta.url), 'utf8');
    return /^\.\\" page\n\.Bd.*\n([^]*?)^\.Ed/m.exec(manual)[1].replaceAll('\\(aq', '\'');
}

test('the page in the manual shows the stream and sends clicks', async t => {
    const folder = mkdtempSync(`${tmpdir()}/page-`);
    t.after(() => rmSync(folder, {recursive: true}));
    writeFileSync(`${folder}/index.html`, pageOfManual());
    const {page, events} = await scene(t, '', 'canvas', () => {}, folder);
    const box = await page.locator('canvas').boundingBox();
    await page.mouse.click(box.x + box.width / 4, box.y + box.height / 2);
    const got = await eventsUpTo(events, 'pointer_up');
    assert.deepEqual(got.map(e => e.type), ['pointer_down', 'pointer_up']);
    near([got[0].x, got[0].y], [0.25, 0.5], 0.01, 'pointer_down');
});
