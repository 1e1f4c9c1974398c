/* Attacks by pages of other sites on ws-serve, and the handling of tokens, in a real browser. */
import {test} from 'node:test';
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {createServer} from 'node:http';
import {createServer as createSecureServer} from 'node:https';
import {createRequire} from 'node:module';
import {once} from 'node:events';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createStream, eventsUpTo, live, name, open, quarters, readEvents, ready, run, serve, start, stateOf,
        until} from './helper.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const VIEW = 'only-for-the-eyes-0001', CONTROL = 'hands-on-everything-0002';

/* Foreign DNS names that resolve to this machine. */
const flags = ['--host-resolver-rules=MAP *.test 127.0.0.1'];

/* Another site, under any name. pages: contents by path. */
async function otherSite(t, pages = {})
{
    const server = createServer((request, response) => {
        response.setHeader('content-type', 'text/html');
        response.end('<!doctype html><link rel="icon" href="data:,"><title>elsewhere</title>' +
                     (pages[request.url] ?? ''));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    server.unref(); /* a failed test must not hang */
    t.after(() => (server.closeAllConnections(), server.close()));
    return server.address().port;
}

async function scene(t, ...options)
{
    await createStream(t, '320x240');
    start(t, 'shm-encode', ['-s', '0', name]);
    const writer = start(t, 'shm-write', [name], {stdin: 'pipe'});
    writer.stdin.write(quarters(320, 240));
    await until('a picture', () => run('shm-read', ['-f', 'jpg', '-t', '0', name]).then(() => true, () => false));
    return serve(t, 0, ...options);
}

/* Files for tokens and TLS, removed at the end of the test. */
async function files(t)
{
    const folder = mkdtempSync(join(tmpdir(), 'access-'));
    t.after(() => rmSync(folder, {recursive: true}));
    const [tokens, cert, key] = ['tokens', 'cert.pem', 'key.pem'].map(file => join(folder, file));
    writeFileSync(tokens, `view ${VIEW}\ncontrol ${CONTROL}\n`, {mode: 0o600});
    return {tokens, cert, key};
}

function makeCertificate(cert, key)
{
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
                             '-subj', '/CN=127.0.0.1', '-days', '2', '-keyout', key, '-out', cert],
                 {stdio: 'ignore'});
}

async function stats(server, token = '')
{
    return (await fetch(`${server.root}stats${token && `?token=${token}`}`)).json();
}

/* Tries everything that a page can do to read from the server or to send input. Returns what succeeded. */
function attack(page, base)
{
    return page.evaluate(async root => {
        const through = [];
        const tries = [];
        const attempt = (what, trying) => tries.push(trying().then(() => through.push(what), () => {}));
        const element = (tag, attributes) => new Promise((done, fail) => {
            const one = document.createElement(tag);
            one.onload = done;
            one.onerror = fail;
            Object.assign(one, attributes);
            document.body.append(one);
        });
        attempt('socket', () => new Promise((done, fail) => {
            const socket = new WebSocket(`${root.replace(/^http/, 'ws')}ws`);
            socket.onopen = () => {
                socket.send('{"type":"key_down","key":"x"}');
                done();
            };
            socket.onerror = fail;
        }));
        for (const path of ['', 'stats', 'snapshot.jpg', 'page.js', 'metrics'])
            for (const mode of ['cors', 'no-cors'])
                for (const credentials of ['include', 'omit'])
                    attempt(`fetch ${path} ${mode} ${credentials}`,
                            () => fetch(root + path, {mode, credentials}));
        attempt('post', () => fetch(`${root}stats`, {method: 'POST', mode: 'no-cors', body: '[]'}));
        for (const path of ['snapshot.jpg', 'stream.mjpg', 'icon.svg']) {
            attempt(`img ${path}`, () => element('img', {src: root + path}));
            attempt(`img ${path} anonymous`, () => element('img', {crossOrigin: 'anonymous', src: root + path}));
        }
        attempt('script', () => element('script', {src: `${root}page.js`}));
        attempt('style', () => element('link', {rel: 'stylesheet', href: `${root}page.css`}));
        attempt('object', () => element('object', {type: 'image/jpeg', data: `${root}snapshot.jpg`}));
        attempt('event source', () => new Promise((done, fail) => {
            const source = new EventSource(`${root}stats`);
            source.onopen = done;
            source.onerror = () => (source.close(), fail());
        }));
        const form = document.createElement('form');
        const frame = document.createElement('iframe');
        frame.name = 'there';
        Object.assign(form, {method: 'post', action: `${root}ws`, target: 'there', enctype: 'text/plain'});
        form.innerHTML = `<input name='{"type":"key_down","key":"x","a":"' value='"}'>`;
        document.body.append(frame, form);
        form.submit();
        await Promise.all(tries);
        return through;
    }, base);
}

/* Loads url in the page's only <iframe>. Returns its address if it loaded, else null. */
async function framed(page, url)
{
    await page.evaluate(address => new Promise(done => {
        document.querySelectorAll('iframe').forEach(one => one.remove());
        const frame = document.createElement('iframe');
        frame.onload = done;
        frame.src = address;
        document.body.append(frame);
    }), url);
    return page.frames().map(frame => frame.url()).find(address => address.startsWith(url)) ?? null;
}

const BLOCKED = [/CORS policy/, /ERR_FAILED/, /WebSocket connection/, /status of 4\d\d/, /ERR_BLOCKED/,
                 /frame-ancestors/, /Refused to/, /MIME type/, /favicon/];

test('a page of another site gets nothing through', async t => {
    const {tokens} = await files(t);
    const port = await otherSite(t);
    for (const [what, options] of [['open to all', []], ['with tokens', ['--token-file', tokens]]])
        await t.test(what, async part => {
            const server = await scene(part, ...options);
            const token = options.length ? CONTROL : '';
            /* The user has access, and then opens a page of the same site at another port, or of another site. */
            const page = await open(part, server.root + (token && `?token=${token}`), {flags});
            page.allowed.push(...BLOCKED);
            await live(page);
            await page.goto('about:blank');
            await until('no viewer', async () => (await stats(server, token)).viewers === 0);
            const {events} = await stats(server, token); /* the size of the window */
            for (const site of ['http://127.0.0.1', 'http://localhost', 'http://evil.test']) {
                await page.goto(`${site}:${port}/`);
                assert.deepEqual(await attack(page, server.root), [], site);
                assert.equal(await framed(page, server.root), null, site);
            }
            await page.goto('about:blank');
            const seen = await stats(server, token);
            assert.equal(seen.events, events);
            assert.equal(seen.sent.pictures, 1, 'the image of its own page');
        });
});

test('only allowed sites can frame the page', async t => {
    const port = await otherSite(t);
    const server = await scene(t, '--origin', `http://localhost:${port}`);
    const page = await open(t, `http://evil.test:${port}/`, {flags});
    page.allowed.push(...BLOCKED);
    assert.equal(await framed(page, server.root), null);
    await page.goto(`http://localhost:${port}/`);
    assert.equal(await framed(page, server.root), server.root);
    await live(page.frames()[1]);
});

test('a foreign DNS name for this server is refused', async t => {
    const server = await scene(t, '--host', 'viz.test');
    const page = await open(t, `http://viz.test:${server.port}/`, {flags});
    await live(page);
    /* Its scripts would have this very origin once its name resolves to this machine. */
    const evil = `http://evil.test:${server.port}/`;
    page.allowed.push(...BLOCKED);
    const answer = await page.goto(evil);
    assert.equal(answer.status(), 421);
    for (const path of ['', 'stats', 'snapshot.jpg', 'nothing'])
        assert.equal(await page.evaluate(async url => (await fetch(url)).status, evil + path), 421);
    assert.ok(await page.evaluate(url => new Promise(done => {
        const socket = new WebSocket(url);
        socket.onopen = () => done(false);
        socket.onerror = () => done(true);
    }), `ws://evil.test:${server.port}/ws`));
});

test('a token in the address becomes a cookie, and the page works with it', async t => {
    const {tokens, cert, key} = await files(t);
    makeCertificate(cert, key);
    const server = await scene(t, '--token-file', tokens, '--tls-cert', cert, '--tls-key', key);
    const events = await readEvents(t);
    assert.match(server.root, /^https:/);
    const page = await open(t, 'about:blank', {ignoreHTTPSErrors: true});
    page.allowed.push(/status of 401/, /favicon/);
    assert.equal((await page.goto(server.root)).status(), 401);
    assert.match(await page.textContent('h1'), /Token required/);
    for (const [token, mayControl] of [[VIEW, false], [CONTROL, true]]) {
        await page.goto(`${server.root}?token=${token}`);
        assert.equal(page.url(), server.root);
        await (mayControl ? ready : live)(page);
        assert.equal(await page.evaluate(() => document.cookie), '');
        await page.mouse.click(450, 300);
        if (mayControl)
            await eventsUpTo(events, 'pointer_up');
        else /* answers keep the order of messages: earlier ones were processed */
            await until('an answer', () => page.evaluate(() => new Promise(done => {
                const socket = new WebSocket(`wss://${location.host}/ws`);
                socket.onopen = () => socket.send('[{"type":"key_down","key":"x"},{"type":"ping","t":1}]');
                socket.onmessage = message => typeof message.data === 'string' && (socket.close(), done(true));
            })));
    }
    assert.deepEqual([...new Set(events.map(e => e.viewer))].length, 1, 'only one of them had control');
    assert.equal(events.filter(e => e.key === 'x').length, 0);
});

test('the token page takes a token, and a wrong one can be corrected', async t => {
    const {tokens} = await files(t);
    const server = await scene(t, '--token-file', tokens);
    const page = await open(t, 'about:blank', {flags});
    page.allowed.push(/status of 401/);
    await page.goto(server.root);
    await page.evaluate(AXE);
    assert.deepEqual((await page.evaluate(() => axe.run(document))).violations.map(v => v.id), []);
    await page.keyboard.type('certainly-not-this-one'); /* the field has the focus */
    await page.keyboard.press('Enter');
    await until('the second try', async () =>
        /not a token of the server/.test(await page.textContent('[role=status]').catch(() => '')));
    await page.getByLabel('Token').fill(CONTROL);
    await page.getByRole('button', {name: 'Open'}).click();
    await ready(page);
    assert.equal(page.url(), server.root);
    await page.reload();
    await ready(page);
});

/* Both sites have TLS: browsers keep cookies of frames only then. */
test('a frame of an allowed site has control with a token, over TLS', async t => {
    const {tokens, cert, key} = await files(t);
    makeCertificate(cert, key);
    const outer = createSecureServer({cert: readFileSync(cert), key: readFileSync(key)}, (request, response) => {
        response.setHeader('content-type', 'text/html');
        response.end(`<!doctype html><link rel="icon" href="data:,"><iframe width="800" height="500" src="${
            decodeURIComponent(request.url.slice(2))}"></iframe>`);
    }).listen(0, '127.0.0.1');
    await once(outer, 'listening');
    outer.unref();
    t.after(() => (outer.closeAllConnections(), outer.close()));
    const site = `https://lab.test:${outer.address().port}`;
    const server = await scene(t, '--token-file', tokens, '--tls-cert', cert, '--tls-key', key, '--origin', site);
    const events = await readEvents(t);
    const page = await open(t, 'about:blank', {flags, ignoreHTTPSErrors: true});
    page.allowed.push(/status of 401/, /autofocus/);
    await page.goto(`${site}/?${encodeURIComponent(`${server.root}?token=${CONTROL}`)}`);
    const frame = page.frames()[1];
    await ready(frame);
    assert.equal(frame.url(), server.root);
    await frame.locator('#picture').click();
    await eventsUpTo(events, 'pointer_up');
    /* The same frame without a token in its address: the cookie is there still. */
    await page.goto(`${site}/?${encodeURIComponent(server.root)}`);
    await ready(page.frames()[1]);
    /* With the field, in the frame. */
    await page.context().clearCookies();
    await page.goto(`${site}/?${encodeURIComponent(server.root)}`);
    await page.frames()[1].getByLabel('Token').fill(CONTROL);
    await page.frames()[1].getByRole('button').click();
    await until('the frame has control', async () => page.frames()[1] &&
        page.frames()[1].evaluate(() => document.documentElement.classList.contains('has-control')).catch(() => false));
});

test('a link from another site works', async t => {
    const {tokens} = await files(t);
    const server = await scene(t, '--token-file', tokens);
    const port = await otherSite(t, {'/': `<a id="first" href="${server.root}?token=${VIEW}">see</a>
        <a id="again" href="${server.root}">see again</a>`});
    const page = await open(t, `http://evil.test:${port}/`, {flags});
    page.allowed.push(/status of 401/, /favicon/);
    for (const link of ['#first', '#again']) {
        await page.goto(`http://evil.test:${port}/`);
        await page.click(link);
        await until('the page is live', async () => (await stateOf(page).catch(() => '')) === 'live');
        assert.equal(page.url(), server.root);
    }
    /* Without a cookie the page tries once more, and only once. */
    await page.context().clearCookies();
    let requests = 0;
    page.on('request', request => (requests += request.isNavigationRequest()));
    await page.goto(`http://evil.test:${port}/`);
    await page.click('#again');
    await until('refused', async () => /Token required/.test(await page.textContent('body').catch(() => '')));
    await until('the second try', () => requests === 3);
    await page.waitForLoadState('networkidle');
    assert.equal(requests, 3);
});
