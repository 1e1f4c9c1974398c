/* What axe-core finds in the page's states: nothing. And no contrast or label is left to luck. */
import {test} from 'node:test';
import {axe, live, open, stateOf, still, until} from './helper.mjs';

async function states(t, colorScheme, size)
{
    const {server, writer} = await still(t, 640, 360, '--control', 'first');
    const [width, height] = size;
    const page = await open(t, server.url, {colorScheme, viewport: {width, height}});
    await live(page);
    await axe(page, 'live');
    await page.click('#numbers');
    await page.click('#ask');
    await axe(page, 'numbers and help');
    await page.keyboard.press('Escape');
    const other = await open(t, server.url, {colorScheme});
    await live(other);
    await axe(other, 'somebody else steers');
    await other.click('#actions button');
    await page.waitForSelector('#asking button');
    await axe(page, 'somebody asks');
    await until('stalled', async () => (await stateOf(page)) === 'stalled');
    await axe(page, 'stalled');
    writer.stdin.end();
    for (const one of [page, other])
        one.allowed.push(/WebSocket connection to .* failed|ERR_CONNECTION_REFUSED/);
    await server.stop();
    await until('lost', async () => (await stateOf(page)) === 'reconnecting');
    await axe(page, 'reconnecting');
}

test('axe finds nothing in the dark', t => states(t, 'dark', [900, 600]));

test('axe finds nothing in the light, 320 pixels wide', t => states(t, 'light', [320, 600]));
