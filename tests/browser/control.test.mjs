/* One viewer has control, others watch: every page shows the controller, and only the controller sends events. */
import {test} from 'node:test';
import assert from 'node:assert/strict';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {eventsSent, eventsUpTo, hide, live, moving, name as stream, open, readEvents, ready, run, serve, settle,
        statsOf, still, until, wireOf} from './helper.mjs';

const controller = page => page.textContent('#controller');
const says = (page, text) => until(text, async () => (await controller(page)) === text);
const actions = page => page.$$eval('#actions button', all => all.map(b => b.textContent));
const can = (page, ...words) => until(words.join(' and '), async () => (await actions(page)).join() === words.join());
const cursor = page => page.evaluate(() => getComputedStyle(document.getElementById('picture')).cursor);

/* Produces every kind of input event. */
async function useAll(page)
{
    await page.mouse.move(200, 200);
    await page.mouse.click(220, 220);
    await page.mouse.click(220, 220, {button: 'right'});
    await page.mouse.wheel(0, 100);
    await page.mouse.dblclick(230, 220);
    await page.evaluate(() => document.getElementById('picture').focus());
    await page.keyboard.press('a');
    const {width, height} = page.viewportSize();
    await page.setViewportSize({width: width - 20, height});
    await settle(page);
}

test('first: one viewer has control, hands it over, releases it, takes it', async t => {
    const {server} = await moving(t, '320x200', 20, '--control', 'first');
    const events = await readEvents(t);
    const a = await open(t, server.url, {wire: true});
    await live(a);
    await says(a, 'You have control');
    await can(a, 'Release');
    assert.equal(await cursor(a), 'crosshair');
    const b = await open(t, server.url, {wire: true});
    await live(b);
    await says(b, 'Viewer 1 has control');
    await can(b, 'Request');
    assert.equal(await cursor(b), 'auto');
    assert.equal(await a.textContent('#count'), '2');

    await useAll(b);
    assert.deepEqual(await eventsSent(b), []);

    /* Request, withdraw, request again, while the controller holds a button. */
    await b.click('text=Request');
    await until('the request', async () => (await a.textContent('#requests')) === 'Viewer 2 requests controlHand over');
    await can(b, 'Withdraw');
    await says(b, 'Requested · waiting for viewer 1');
    await b.click('text=Withdraw');
    await says(b, 'Viewer 1 has control');
    await until('no request', async () => (await a.textContent('#requests')) === '');
    await b.click('text=Request');
    await a.mouse.move(300, 300);
    await a.mouse.down();
    await a.waitForSelector('#requests button');
    await a.focus('#requests button');
    await a.keyboard.press('Enter');
    await says(a, 'Viewer 2 has control');
    await says(b, 'You have control');
    assert.deepEqual([await cursor(a), await cursor(b)], ['auto', 'crosshair']);
    await eventsUpTo(events, 'pointer_up');
    await a.mouse.up();
    const sent = (await eventsSent(a)).length;
    await useAll(a);
    assert.equal((await eventsSent(a)).length, sent, 'a viewer that gave control away sends nothing');
    await b.mouse.click(250, 250);
    const got = await eventsUpTo(events, 'pointer_up', 2);
    assert.deepEqual([got.at(-1).viewer, got.filter(e => e.type === 'pointer_up')[0].viewer], [2, 1]);
    assert.ok(events.some(e => e.type === 'resize' && e.viewer === 2), 'a new controller reports its window size');

    await b.click('text=Release');
    await says(a, 'Nobody has control');
    await can(a, 'Take control');
    await a.click('#actions button');
    await says(a, 'You have control');
    await says(b, 'Viewer 1 has control');
    await a.close();
    await says(b, 'Nobody has control');
});

test('viewers have the names that they choose', async t => {
    const {server} = await still(t, 320, 200, '--control', 'first');
    const a = await open(t, server.url);
    await live(a);
    const b = await open(t, `${server.url}?name=Bo`);
    await live(b);
    await says(b, 'Viewer 1 has control');
    await a.click('#viewers');
    await a.fill('#own-name', ` <i>Ana</i>\u{1F600}${'x'.repeat(40)}`);
    await a.keyboard.press('Enter');
    const name = `<i>Ana</i>\u{1F600}${'x'.repeat(18)}`; /* 32 bytes */
    await says(b, `\u2068${name}\u2069 (1) has control`);
    assert.ok(!(await a.isVisible('#naming')));
    await b.click('text=Request');
    await says(b, `Requested · waiting for \u2068${name}\u2069 (1)`);
    await until('the request', async () => (await a.textContent('#requests')) === '\u2068Bo\u2069 (2) requests controlHand over');
    const names = async () => (await statsOf(server)).viewer_list.map(v => v.name).sort();
    assert.deepEqual(await names(), [name, 'Bo']);
    await a.click('#requests button');
    await says(a, '\u2068Bo\u2069 (2) has control');
    await a.reload();
    await until('the name is kept', async () => (await names()).includes(name));
    await a.click('#viewers');
    await a.fill('#own-name', '');
    await a.click('#naming button');
    await until('no name', async () => (await names()).join() === ',Bo');
    await b.click('#viewers');
    await b.fill('#own-name', 'B\u2069\u202eo\u2028\u2067');
    await b.keyboard.press('Enter');
    await says(a, '\u2068B\u202eo\u2069 (2) has control');
});

test('the drawing program chooses the cursor', async t => {
    const {server} = await still(t, 320, 200, '--control', 'first');
    const a = await open(t, server.url);
    await ready(a);
    const has = (page, shape) => until(shape, async () => (await cursor(page)) === shape);
    await has(a, 'crosshair');
    for (const shape of ['wait', 'ew-resize', 'none']) {
        await run('event-inject', [stream, 'cursor', `name=${shape}`]);
        await has(a, shape);
    }
    await run('event-inject', [stream, 'cursor', 'name=url(/x)']);
    await has(a, 'crosshair');
    await run('event-inject', [stream, 'cursor', 'name=grab']);
    await has(a, 'grab');
    /* Another viewer sees it only once it has control; a viewer cannot choose it. */
    const b = await open(t, server.url);
    await live(b);
    await has(b, 'auto');
    await run('event-inject', [stream, 'cursor', 'name=wait', 'viewer=1']);
    await a.click('text=Release');
    await has(a, 'auto');
    await b.click('#actions button');
    await has(b, 'grab');
    /* A server that starts later finds it in the log; a new stream has none. */
    for (const page of [a, b])
        page.allowed.push(/WebSocket connection to .* failed|ERR_CONNECTION_REFUSED/);
    await a.close();
    await server.stop();
    await serve(t, server.port);
    await ready(b);
    await has(b, 'grab');
    await run('shm-create', ['--replace', '-s', '320x200', stream]);
    await has(b, 'crosshair');
});

test('token: a control token may take over at once, a view token only watches', async t => {
    const folder = mkdtempSync(`${tmpdir()}/page-`);
    t.after(() => rmSync(folder, {recursive: true}));
    const [controls, views] = ['c'.repeat(32), 'v'.repeat(32)];
    writeFileSync(`${folder}/tokens`, `control ${controls}\nview ${views}\n`, {mode: 0o600});
    const {server} = await still(t, 640, 360, '--control', 'token', '--token-file', `${folder}/tokens`);
    const [a, b, c] = [await open(t, `${server.url}?token=${controls}`),
                       await open(t, `${server.url}?token=${controls}`),
                       await open(t, `${server.url}?token=${views}`, {wire: true})];
    await says(a, 'You have control');
    await says(b, 'Viewer 1 has control');
    await says(c, 'View only · viewer 1 has control');
    await can(b, 'Request', 'Take over');
    await b.click('text=Take over');
    await says(a, 'Viewer 2 has control');
    await says(b, 'You have control');
    await says(c, 'View only · viewer 2 has control');
    await live(c);
    await useAll(c);
    assert.deepEqual([await actions(c), await eventsSent(c)], [[], []]);
    assert.equal(await c.textContent('#invitation'), 'View only: for control, open a link with a control token.');
});

test('any: both viewers have control, and only their number is shown', async t => {
    const {server} = await still(t, 320, 200);
    const events = await readEvents(t);
    const a = await open(t, server.url);
    await ready(a);
    assert.ok(!(await a.isVisible('#control')), 'nothing to show');
    const b = await open(t, server.url);
    await ready(b);
    await until('two viewers', async () => (await a.textContent('#count')) === '2');
    assert.deepEqual([await controller(a), await controller(b), await actions(a)], ['', '', []]);
    await a.mouse.click(300, 300);
    await b.mouse.click(300, 300);
    const got = await eventsUpTo(events, 'pointer_up', 2);
    assert.deepEqual(got.filter(e => e.type === 'pointer_down').map(e => e.viewer).sort(), [1, 2]);
});

test('view only: nothing is sent, and the page says so', async t => {
    const {server} = await still(t, 640, 360, '--view-only');
    const page = await open(t, server.url, {wire: true});
    await live(page);
    await says(page, 'View only');
    assert.deepEqual(await actions(page), []);
    assert.equal(await page.getAttribute('#picture', 'aria-label'), 'Live picture, view only.');
    await useAll(page);
    assert.deepEqual(await eventsSent(page), []);
    assert.equal((await (await fetch(`${server.url}stats`)).json()).events, 0);
});

test('interaction=0 never takes control', async t => {
    const {server} = await still(t, 640, 360, '--control', 'first');
    const quiet = await open(t, `${server.url}?interaction=0`, {wire: true});
    await live(quiet);
    const page = await open(t, server.url);
    await live(page);
    await says(page, 'You have control');
    await useAll(quiet);
    assert.deepEqual(await eventsSent(quiet), []);
    assert.ok(!(await quiet.isVisible('#control')));
});

test('a hidden page disconnects, and reconnects at once when shown', async t => {
    const {server} = await moving(t, '320x200', 20, '--control', 'first');
    const page = await open(t, server.url, {wire: true});
    await live(page);
    await says(page, 'You have control');
    const viewers = async () => (await (await fetch(`${server.url}stats`)).json()).viewers;
    await hide(page);
    const acked = (await wireOf(page)).sent.length;
    await until('no viewer', async () => (await viewers()) === 0);
    const {sent} = await wireOf(page);
    assert.ok(sent.slice(acked).every(m => m.type !== 'ack'), 'nothing is drawn');
    assert.equal(await page.evaluate(() => document.documentElement.dataset.state), 'paused');
    await page.bringToFront();
    await live(page);
    await says(page, 'You have control');
    await page.mouse.click(300, 300);
    assert.ok((await eventsSent(page)).includes('pointer_down'));
});

/* In the page: an invitation's time ends when endInvitation is called, not after 8 seconds. */
function holdInvitation()
{
    const real = window.setTimeout;
    window.setTimeout = (act, ms, ...args) => {
        if (ms !== 8000)
            return real(act, ms, ...args);
        window.endInvitation = () => act(...args);
        return 0;
    };
}

test('input without control gets an invitation, or the reason', async t => {
    const invitation = page => page.textContent('#invitation');
    const visit = async (url, text) => {
        const page = await open(t, 'about:blank');
        await page.addInitScript(holdInvitation);
        await page.goto(url);
        await live(page);
        if (text)
            await says(page, text);
        return page;
    };
    const invited = async (page, text) => {
        await page.mouse.click(300, 300);
        await until(text, async () => (await invitation(page)) === text);
    };
    const {server} = await still(t, 320, 200, '--control', 'first');
    const a = await visit(server.url, 'You have control');
    await a.mouse.click(300, 300);
    assert.equal(await invitation(a), '');
    const b = await visit(server.url, 'Viewer 1 has control');
    await invited(b, 'Viewer 1 has control. Request it to use mouse and keys.Request');
    await b.click('#invitation button');
    await until('waiting', async () => (await invitation(b)) === 'Waiting for viewer 1 to hand over control.Withdraw');
    await b.click('#invitation button');
    await b.evaluate(() => endInvitation());
    assert.equal(await invitation(b), '');
    await a.click('text=Release');
    await says(b, 'Nobody has control');
    await invited(b, 'Take control to use mouse and keys.Take control');
    await b.click('#invitation button');
    await says(b, 'You have control');
    await until('no invitation', async () => (await invitation(b)) === '');

    const only = await visit(`${server.url}?transport=mjpeg`);
    await invited(only, 'This connection is view only: it cannot send input.');
    for (const page of [a, b, only])
        page.allowed.push(/WebSocket connection to .* failed|ERR_CONNECTION_REFUSED/);
    await server.stop();
    const closed = await serve(t, server.port, '--view-only');
    const c = await visit(closed.url, 'View only');
    await invited(c, 'View only: this server accepts no input.');
});
