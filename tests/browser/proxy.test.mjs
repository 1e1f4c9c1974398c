/* The page through a reverse proxy at PROXY_URL, which ws-proxy.bats starts. */
import {test} from 'node:test';
import assert from 'node:assert/strict';
import {canvasBox, eventsUpTo, nearPlace, live, name, open, readEvents, ready, stateOf, until} from './helper.mjs';

test('through a proxy the page is live and has control', async t => {
    const url = process.env.PROXY_URL;
    assert.ok(url, 'PROXY_URL');
    const events = await readEvents(t);
    const page = await open(t, url, {ignoreHTTPSErrors: true});
    await ready(page);
    assert.equal(await page.evaluate(() => location.protocol), 'https:');
    await until('a frame rate', async () => parseFloat(await page.textContent('#rate')) > 5);
    const box = await canvasBox(page);
    const ups = events.filter(e => e.type === 'pointer_up').length; /* from an earlier run */
    await page.mouse.move(box.left + 30, box.top + 40);
    await page.mouse.down();
    await page.mouse.up();
    const mine = await eventsUpTo(events, 'pointer_up', ups + 1);
    nearPlace(mine.findLast(e => e.type === 'pointer_down'), box, box.left + 30, box.top + 40);
});

/* Reads what the page calls its stream: title, bar, help. */
function names(page)
{
    return page.evaluate(() => [document.title, document.getElementById('name').textContent,
                                document.querySelector('#help code .stream').textContent]);
}

test('under a path the page has the name of its stream and no list', async t => {
    for (const folder of ['', `${name}/`]) {
        const page = await open(t, process.env.PROXY_URL + folder, {ignoreHTTPSErrors: true});
        await live(page);
        assert.deepEqual(await names(page), [`${name} · shmcast`, name, name]);
        assert.equal(await page.getByRole('link', {name: 'All streams'}).count(), 0);
    }
});

test('under a path the list of streams is found', async t => {
    const page = await open(t, process.env.PROXY_URL, {ignoreHTTPSErrors: true});
    page.allowed.push(/503.*snapshot\.jpg/);
    await live(page);
    assert.deepEqual(await names(page), [`${name} · shmcast`, name, name]);
    await page.getByRole('link', {name: 'All streams'}).click();
    await until('the list', async () => /^2 streams$/.test(await page.textContent('#status').catch(() => '')));
    assert.equal(page.url(), new URL('..', process.env.PROXY_URL).href);
});

test('behind a proxy that changes Host the page names Host and --origin', async t => {
    const url = new URL(process.env.PROXY_URL);
    const page = await open(t, url.href, {ignoreHTTPSErrors: true});
    page.allowed.push(/WebSocket connection to .* failed/);
    await until('refused', async () => (await stateOf(page)) === 'refused');
    const hint = await page.textContent('#hint');
    assert.match(hint, new RegExp(`changes the header Host .* to 127\\.0\\.0\\.1.*: let it pass on ${url.host}, or ` +
                                  `start the server with --origin ${url.origin}$`));
});

test('two servers behind one name do not log each other out', async t => {
    const url = new URL(process.env.PROXY_URL);
    const page = await open(t, 'about:blank', {ignoreHTTPSErrors: true});
    page.allowed.push(/status of 401/);
    const addresses = [[url.href, process.env.PROXY_TOKEN], [new URL('../two/', url).href, `${process.env.PROXY_TOKEN}.2`]];
    for (const [address, token] of addresses) {
        assert.equal((await page.goto(address)).status(), 401);
        await page.goto(`${address}?token=${token}`);
        await ready(page);
    }
    for (const [address] of [...addresses, ...addresses]) {
        assert.equal((await page.goto(address)).status(), 200);
        await ready(page);
    }
    const paths = (await page.context().cookies()).map(cookie => cookie.path);
    assert.ok(paths.includes('/sim'), 'the cookie of a server that knows its folder is for that folder');
});
