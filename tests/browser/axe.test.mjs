/* axe-core finds nothing, contrast and labels included, in any state of the page. */
import {test} from 'node:test';
import {axe, live, open, stateOf, still, until} from './helper.mjs';

async function states(t, colorScheme, size)
{
    const {server, writer} = await still(t, 640, 360, '--control', 'first');
    const [width, height] = size;
    const page = await open(t, server.url, {colorScheme, viewport: {width, height}});
    await live(page);
    await axe(page, 'live');
    await page.click('#stats');
    await page.click('#help-button');
    await axe(page, 'statistics and help');
    await page.keyboard.press('Escape');
    await page.click('#save-button');
    await axe(page, 'saving');
    await page.keyboard.press('Escape');
    const other = await open(t, server.url, {colorScheme});
    await live(other);
    await axe(other, 'another viewer has control');
    await other.click('#picture');
    await other.waitForSelector('#invitation button');
    await axe(other, 'an invitation');
    await other.click('#actions button');
    await page.waitForSelector('#requests button');
    await axe(page, 'another viewer requests control');
    await until('still', async () => (await stateOf(page)) === 'still');
    await axe(page, 'still');
    writer.stdin.end();
    await until('stalled', async () => (await stateOf(page)) === 'stalled');
    await axe(page, 'stalled');
    for (const one of [page, other])
        one.allowed.push(/WebSocket connection to .* failed|ERR_CONNECTION_REFUSED/);
    await server.stop();
    await until('lost', async () => (await stateOf(page)) === 'reconnecting');
    await axe(page, 'reconnecting');
}

test('axe finds nothing in the dark scheme', t => states(t, 'dark', [900, 600]));

test('axe finds nothing in the light scheme, 320 pixels wide', t => states(t, 'light', [320, 600]));
