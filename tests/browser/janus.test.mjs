/* Beyond one machine: rtc-serve --rtp sends the video to Janus, an SFU, from which browsers play it. */
import {test} from 'node:test';
import assert from 'node:assert/strict';
import {createServer} from 'node:net';
import {createSocket} from 'node:dgram';
import {once} from 'node:events';
import {mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {execFileSync} from 'node:child_process';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {createStream, eventsUpTo, name, open, readEvents, serve, start, statsOf, until} from './helper.mjs';

process.env.SERVER = 'rtc-serve';

const FOLDER = new URL('janus-page', import.meta.url).pathname;

/* A free port of 127.0.0.1. */
async function freeTcp()
{
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const {port} = server.address();
    server.close();
    return port;
}

/* The first of two consecutive free ports. */
async function freeUdpPair()
{
    for (;;) {
        const sockets = [createSocket('udp4'), createSocket('udp4')];
        const bound = async (socket, port) => {
            socket.bind(port, '127.0.0.1');
            await once(socket, 'listening');
            return socket.address().port;
        };
        try {
            const port = await bound(sockets[0], 0);
            await bound(sockets[1], port + 1);
            return port;
        } catch (error) {
            if (error.code !== 'EADDRINUSE')
                throw error;
        } finally {
            for (const socket of sockets)
                socket.close();
        }
    }
}

/* Janus in a folder of its own, with only its streaming plugin and HTTP transport, on loopback. */
async function janus(t)
{
    const folder = mkdtempSync(join(tmpdir(), 'janus-'));
    t.after(() => rmSync(folder, {recursive: true}));
    const [http, rtp] = [await freeTcp(), await freeUdpPair()];
    const installed = execFileSync('dpkg', ['-L', 'janus'], {encoding: 'utf8'}).split('\n');
    for (const library of ['plugins/libjanus_streaming.so', 'transports/libjanus_http.so']) {
        mkdirSync(join(folder, dirname(library)));
        symlinkSync(installed.find(path => path.endsWith('/' + library)), join(folder, library));
    }
    writeFileSync(join(folder, 'janus.jcfg'), `
        general: { plugins_folder = "${folder}/plugins"
                   transports_folder = "${folder}/transports"
                   events_folder = "${folder}", loggers_folder = "${folder}", debug_level = 2 }
        nat: { ice_enforce_list = "lo" }`);
    writeFileSync(join(folder, 'janus.transport.http.jcfg'),
                  `general: { http = true, port = ${http}, ip = "127.0.0.1", https = false }`);
    writeFileSync(join(folder, 'janus.plugin.streaming.jcfg'), `
        view: { type = "rtp", id = 1, audio = false, video = true, videoport = ${rtp}
                videortcpport = ${rtp + 1}, videoiface = "127.0.0.1", videopt = 96
                videocodec = "vp8" }`);
    /* Janus reports its own end on stderr. */
    start(t, 'sh', ['-c', 'exec janus -F "$0" -C "$0/janus.jcfg" 2>/dev/null', folder]);
    const url = `http://127.0.0.1:${http}/janus`;
    await until('Janus', () => fetch(`${url}/info`).then(answer => answer.ok, () => false));
    return {url, rtp};
}

/* Frames decoded so far. */
function decoded(page)
{
    return page.evaluate(async () => {
        const all = window.peer ? [...(await peer.getStats()).values()] : [];
        return all.find(s => s.type === 'inbound-rtp' && s.kind === 'video')?.framesDecoded ?? 0;
    });
}

async function watch(t, server, url)
{
    return await open(t, `${server.root}?janus=${encodeURIComponent(url)}&mountpoint=1&stream=${name}`);
}

async function plays(page)
{
    const before = await decoded(page);
    await until('20 frames more', async () => (await decoded(page)) >= before + 20);
}

test('two browsers play from Janus, input returns through rtc-serve', async t => {
    const {url, rtp} = await janus(t);
    await createStream(t, '320x240');
    start(t, 'frame-gen', ['-s', '320x240', '-r', '20', '-o', name]);
    const server = await serve(t, 0, '--rtp', `127.0.0.1:${rtp}`, '--www', FOLDER);
    const events = await readEvents(t);
    const page = await watch(t, server, url);
    await plays(page);
    const webrtc = async () => (await statsOf(server)).webrtc;
    const {keyframes} = await webrtc();

    /* Janus serves the second browser; on Janus' request the encoder makes a keyframe. */
    const other = await watch(t, server, url);
    await plays(other);
    const after = await webrtc();
    assert.equal(after.peers, 1, 'only Janus');
    assert.ok(after.keyframes > keyframes, `${keyframes}, ${after.keyframes}`);
    assert.equal(await page.evaluate(() => video.videoWidth), 320);

    await page.mouse.move(100, 80);
    await page.mouse.down();
    await page.mouse.move(160, 120);
    await page.mouse.up();
    const got = await eventsUpTo(events, 'pointer_up');
    const down = got.find(e => e.type === 'pointer_down');
    const box = await page.evaluate(() => video.getBoundingClientRect().toJSON());
    assert.ok(Math.abs(down.x - (100 - box.left) / box.width) < 0.01 &&
              Math.abs(down.y - (80 - box.top) / box.height) < 0.01, JSON.stringify(down));
});
