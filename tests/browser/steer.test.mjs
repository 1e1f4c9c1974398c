/* One steers, others watch: who it is can be seen, and only its events leave a page. */
import {test} from 'node:test';
import assert from 'node:assert/strict';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {eventsSent, eventsUpTo, hide, live, moving, open, readEvents, settle, still, until, wireOf} from './helper.mjs';

const who = page => page.textContent('#who');
const says = (page, text) => until(text, async () => (await who(page)) === text);
const actions = page => page.$$eval('#actions button', all => all.map(b => b.textContent));
const can = (page, ...words) => until(words.join(' and '), async () => (await actions(page)).join() === words.join());
const cursor = page => page.evaluate(() => getComputedStyle(document.getElementById('picture')).cursor);

/* Everything that a steering page would send. */
async function fiddle(page)
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

test('first: one steers, hands over, lets go, begins', async t => {
    const {server} = await moving(t, '320x200', 20, '--control', 'first');
    const events = await readEvents(t);
    const a = await open(t, server.url, {wire: true});
    await live(a);
    await says(a, 'You steer');
    await can(a, 'Release');
    assert.equal(await cursor(a), 'crosshair');
    const b = await open(t, server.url, {wire: true});
    await live(b);
    await says(b, 'Viewer 1 steers');
    await can(b, 'Ask');
    assert.equal(await cursor(b), 'auto');
    assert.equal(await a.textContent('#count'), '2');

    await fiddle(b);
    assert.deepEqual(await eventsSent(b), []);

    /* Asking, no longer, again; with a button held meanwhile. */
    await b.click('text=Ask');
    await until('the wish', async () => (await a.textContent('#asking')) === 'Viewer 2 asks to steerGive');
    await can(b, 'Withdraw');
    await b.click('text=Withdraw');
    await until('no wish', async () => (await a.textContent('#asking')) === '');
    await b.click('text=Ask');
    await a.mouse.move(300, 300);
    await a.mouse.down();
    await a.waitForSelector('#asking button');
    await a.focus('#asking button');
    await a.keyboard.press('Enter');
    await says(a, 'Viewer 2 steers');
    await says(b, 'You steer');
    assert.deepEqual([await cursor(a), await cursor(b)], ['auto', 'crosshair']);
    await eventsUpTo(events, 'pointer_up');
    await a.mouse.up();
    const sent = (await eventsSent(a)).length;
    await fiddle(a);
    assert.equal((await eventsSent(a)).length, sent, 'who gave it away sends nothing');
    await b.mouse.click(250, 250);
    const got = await eventsUpTo(events, 'pointer_up', 2);
    assert.deepEqual([got.at(-1).viewer, got.filter(e => e.type === 'pointer_up')[0].viewer], [2, 1]);
    assert.ok(events.some(e => e.type === 'resize' && e.viewer === 2), 'who begins tells its size');

    await b.click('text=Release');
    await says(a, 'Nobody steers');
    await can(a, 'Steer');
    await a.click('#actions button');
    await says(a, 'You steer');
    await says(b, 'Viewer 1 steers');
    await a.close();
    await says(b, 'Nobody steers');
});

test('token: who may takes over at once, a view token only looks', async t => {
    const folder = mkdtempSync(`${tmpdir()}/page-`);
    t.after(() => rmSync(folder, {recursive: true}));
    const [steers, looks] = ['s'.repeat(32), 'l'.repeat(32)];
    writeFileSync(`${folder}/tokens`, `control ${steers}\nview ${looks}\n`, {mode: 0o600});
    const {server} = await still(t, 640, 360, '--control', 'token', '--token-file', `${folder}/tokens`);
    const [a, b, c] = [await open(t, `${server.url}?token=${steers}`),
                       await open(t, `${server.url}?token=${steers}`),
                       await open(t, `${server.url}?token=${looks}`, {wire: true})];
    await says(a, 'You steer');
    await says(b, 'Viewer 1 steers');
    await says(c, 'View only · viewer 1 steers');
    await can(b, 'Ask', 'Take');
    await b.click('text=Take');
    await says(a, 'Viewer 2 steers');
    await says(b, 'You steer');
    await says(c, 'View only · viewer 2 steers');
    await live(c);
    await fiddle(c);
    assert.deepEqual([await actions(c), await eventsSent(c)], [[], []]);
});

test('any: both steer, and only their number is shown', async t => {
    const {server} = await still(t, 320, 200);
    const events = await readEvents(t);
    const a = await open(t, server.url);
    await live(a);
    assert.ok(!(await a.isVisible('#steer')), 'nothing to say');
    const b = await open(t, server.url);
    await live(b);
    await until('two', async () => (await a.textContent('#count')) === '2');
    assert.deepEqual([await who(a), await who(b), await actions(a)], ['', '', []]);
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
    await fiddle(page);
    assert.deepEqual(await eventsSent(page), []);
    assert.equal((await (await fetch(`${server.url}stats`)).json()).events, 0);
});

test('interaction=0 never steers', async t => {
    const {server} = await still(t, 640, 360, '--control', 'first');
    const quiet = await open(t, `${server.url}?interaction=0`, {wire: true});
    await live(quiet);
    const page = await open(t, server.url);
    await live(page);
    await says(page, 'You steer');
    await fiddle(quiet);
    assert.deepEqual(await eventsSent(quiet), []);
    assert.ok(!(await quiet.isVisible('#steer')));
});

test('a hidden page is no viewer, and comes back at once', async t => {
    const {server} = await moving(t, '320x200', 20, '--control', 'first');
    const page = await open(t, server.url, {wire: true});
    await live(page);
    await says(page, 'You steer');
    const viewers = async () => (await (await fetch(`${server.url}stats`)).json()).viewers;
    await hide(page);
    const acked = (await wireOf(page)).sent.length;
    await until('no viewer', async () => (await viewers()) === 0);
    const {sent} = await wireOf(page);
    assert.ok(sent.slice(acked).every(m => m.type !== 'ack'), 'nothing is drawn');
    assert.equal(await page.evaluate(() => document.documentElement.dataset.state), 'paused');
    await page.bringToFront();
    await live(page);
    await says(page, 'You steer');
    await page.mouse.click(300, 300);
    assert.ok((await eventsSent(page)).includes('pointer_down'));
});
