/* What axe-core finds in the page's states: nothing. And no contrast or label is left to luck. */
import {test} from 'node:test';
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {live, open, stateOf, still, until} from './helper.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

async function check(page, what)
{
    await page.evaluate(AXE); /* past the page's policy, as a debugger may */
    const found = await page.evaluate(async () => {
        const {violations, passes} = await axe.run(document, {resultTypes: ['violations']});
        return {
            passed: passes.length,
            wrong: violations.map(v => `${v.id}: ${v.nodes.map(n => n.html + n.failureSummary).join('; ')}`),
        };
    });
    assert.deepEqual(found.wrong, [], what);
    assert.ok(found.passed > 15, `${found.passed} rules had something to look at`);
}

async function states(t, colorScheme, size)
{
    const {server, writer} = await still(t, 640, 360, '--control', 'first');
    const [width, height] = size;
    const page = await open(t, server.url, {colorScheme, viewport: {width, height}});
    await live(page);
    await check(page, 'live');
    await page.click('#numbers');
    await page.click('#ask');
    await check(page, 'numbers and help');
    await page.keyboard.press('Escape');
    const other = await open(t, server.url, {colorScheme});
    await live(other);
    await check(other, 'somebody else steers');
    await other.click('#actions button');
    await page.waitForSelector('#asking button');
    await check(page, 'somebody asks');
    await until('stalled', async () => (await stateOf(page)) === 'stalled');
    await check(page, 'stalled');
    writer.stdin.end();
    for (const one of [page, other])
        one.allowed.push(/WebSocket connection to .* failed|ERR_CONNECTION_REFUSED/);
    await server.stop();
    await until('lost', async () => (await stateOf(page)) === 'reconnecting');
    await check(page, 'reconnecting');
}

test('axe finds nothing in the dark', t => states(t, 'dark', [900, 600]));

test('axe finds nothing in the light, 320 pixels wide', t => states(t, 'light', [320, 600]));
