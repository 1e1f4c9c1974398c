/* ?keys=text: text reaches the stream as it was typed, composed or pasted. */
import {test} from 'node:test';
import assert from 'node:assert/strict';
import {axe, eventsUpTo, name, open, readEvents, ready, run, still, until} from './helper.mjs';

/* Keys and text, in short. */
function typed(events)
{
    return events.filter(e => e.type.startsWith('key_') || e.type === 'char')
        .map(e => `${e.type} ${e.key ?? e.data} ${(e.modifiers ?? []).join('+')}`.trim());
}

const both = key => [`key_down ${key}`, `key_up ${key}`];
const text = character => [`key_down ${character}`, `char ${character}`, `key_up ${character}`];

async function writing(t)
{
    const {server} = await still(t, 640, 360);
    const events = await readEvents(t);
    const page = await open(t, `${server.url}?keys=text`, {permissions: ['clipboard-read', 'clipboard-write']});
    await ready(page);
    await page.mouse.click(300, 300);
    await eventsUpTo(events, 'pointer_up');
    const session = await page.context().newCDPSession(page);
    return {page, events, session};
}

test('keys=text: typed, composed and pasted text arrives, and Tab after Escape leaves the picture', async t => {
    const {page, events, session} = await writing(t);
    const active = () => page.evaluate(() => document.activeElement.id);
    assert.equal(await active(), 'field');
    await axe(page, 'with the text field');
    await page.keyboard.press('a');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Backspace');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Control+k');
    await page.keyboard.press('ArrowLeft');
    /* A dead key, then the letter that it changes. */
    await session.send('Input.dispatchKeyEvent', {type: 'rawKeyDown', key: 'Dead', code: 'Quote'});
    await session.send('Input.dispatchKeyEvent', {type: 'keyUp', key: 'Dead', code: 'Quote'});
    await session.send('Input.dispatchKeyEvent', {type: 'keyDown', key: 'é', code: 'KeyE', text: 'é'});
    await session.send('Input.dispatchKeyEvent', {type: 'keyUp', key: 'é', code: 'KeyE'});
    /* An input method: what it shows meanwhile is not sent. */
    for (const shown of ['に', 'にほ', 'にほん'])
        await session.send('Input.imeSetComposition', {text: shown, selectionStart: shown.length, selectionEnd: shown.length});
    await session.send('Input.insertText', {text: '日本'});
    await eventsUpTo(events, 'char', 3);
    /* A phone's Backspace is no key. */
    await page.evaluate(() => document.execCommand('delete'));
    await page.keyboard.press('z');
    assert.deepEqual(typed(await eventsUpTo(events, 'key_up', 10)), [
        ...text('a'), ...both('Tab'), ...both('Backspace'), ...both('Enter'),
        'key_down Control ctrl', 'key_down k ctrl', 'key_up k ctrl', 'key_up Control', ...both('ArrowLeft'),
        ...text('é'), 'char 日本', ...both('Backspace'), ...text('z'),
    ]);

    const before = typed(events).length;
    const pasted = `${'ä'.repeat(20)}\r\none\ttwo\u0007"\\`;
    await page.evaluate(what => navigator.clipboard.writeText(what), pasted);
    await page.keyboard.press('Control+v');
    const got = (await eventsUpTo(events, 'key_up', 14), typed(events).slice(before));
    assert.deepEqual(got.filter(e => !e.includes('Control') && !e.includes('ctrl')),
                     [`char ${'ä'.repeat(16)}`, 'char ää' + 'ää', ...both('Enter'), 'char one', ...both('Tab'),
                      'char two"\\']);
    /* The line form of these reads back as the same. */
    const lines = await run('event-read', ['--from', 'start', '-t', '0', name]);
    assert.match(lines, /^char data=two"\\ viewer=1 t=/m);

    await page.keyboard.press('Escape');
    await page.keyboard.press('Tab');
    assert.notEqual(await active(), 'field');
    await page.keyboard.press('Shift+Tab');
    assert.equal(await active(), 'field');
});

test('keys=text: a paste that is too long is refused, and the page says so', async t => {
    const {page, events, session} = await writing(t);
    const refused = () => until('the refusal', async () =>
        (await page.textContent('#invitation')) === 'The pasted text is too long.');
    /* A phone's keyboard pastes without an event of that name, as a drop does. */
    await session.send('Input.insertText', {text: 'x'.repeat(32 * 256 + 1)});
    await refused();
    await page.reload();
    await ready(page);
    await page.mouse.click(300, 300);
    await page.evaluate(() => navigator.clipboard.writeText('x'.repeat(32 * 256 + 1)));
    await page.keyboard.press('Control+v');
    await refused();
    await page.evaluate(() => navigator.clipboard.writeText('x'.repeat(32 * 256)));
    await page.keyboard.press('Control+v');
    assert.equal((await eventsUpTo(events, 'char', 256)).filter(e => e.type === 'char')
        .map(e => e.data).join(''), 'x'.repeat(32 * 256));
});
