/* Keys reach the stream with their modifiers, Tab leaves the picture, no key stays down. */
import {test} from 'node:test';
import assert from 'node:assert/strict';
import {eventsUpTo, open, readEvents, ready, still, until} from './helper.mjs';

function keysOf(events)
{
    return events.filter(e => e.type.startsWith('key_'))
        .map(e => `${e.type.slice(4)} "${e.key}" ${(e.modifiers ?? []).join('+')}`.trim());
}

async function focused(t, options)
{
    const {server} = await still(t, 640, 360);
    const events = await readEvents(t);
    const page = await open(t, server.url, options);
    await ready(page);
    await page.focus('#picture');
    return {page, events};
}

/* A key that a US keyboard lacks, injected as system input. */
async function pressForeign(page, key, code)
{
    const session = await page.context().newCDPSession(page);
    for (const type of ['keyDown', 'keyUp'])
        await session.send('Input.dispatchKeyEvent', {type, key, code, text: type === 'keyDown' ? key : ''});
}

test('keys with modifiers have their DOM names', async t => {
    const {page, events} = await focused(t);
    await page.keyboard.press('a');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Space');
    await page.keyboard.press('Control+Shift+KeyK');
    await page.keyboard.press('%');
    await pressForeign(page, 'é', 'Digit2');
    await page.keyboard.press('z');
    assert.deepEqual(keysOf(await eventsUpTo(events, 'key_up', 9)), [
        'down "a"', 'up "a"',
        'down "ArrowLeft"', 'up "ArrowLeft"',
        'down " "', 'up " "',
        'down "Control" ctrl', 'down "Shift" shift+ctrl', 'down "K" shift+ctrl', 'up "K" shift+ctrl',
        'up "Shift" ctrl', 'up "Control"',
        'down "%"', 'up "%"',
        'down "é"', 'up "é"',
        'down "z"', 'up "z"',
    ]);
});

test('a press carries the modifiers', async t => {
    const {page, events} = await focused(t);
    await page.keyboard.down('Shift');
    await page.keyboard.down('Alt');
    await page.mouse.click(300, 300);
    await page.keyboard.up('Alt');
    await page.keyboard.up('Shift');
    await page.mouse.click(310, 300, {button: 'right'});
    const got = (await eventsUpTo(events, 'pointer_up', 2)).filter(e => /_(down|up)$/.test(e.type));
    assert.deepEqual(got.map(e => `${e.type} ${(e.modifiers ?? []).join('+')}`.trim()), [
        'key_down shift', 'key_down shift+alt', 'pointer_down shift+alt', 'pointer_up shift+alt',
        'key_up shift', 'key_up', 'pointer_down', 'pointer_up',
    ]);
});

test('pasting is left to the browser and types nothing', async t => {
    const {page, events} = await focused(t, {permissions: ['clipboard-read', 'clipboard-write']});
    await page.evaluate(async () => {
        await navigator.clipboard.writeText('rubbish');
        window.seen = [];
        addEventListener('keydown', e => e.key === 'v' && seen.push(e.defaultPrevented));
        addEventListener('paste', e => seen.push(e.clipboardData.getData('text')));
    });
    await page.keyboard.press('Control+v');
    assert.deepEqual(keysOf(await eventsUpTo(events, 'key_up', 2)),
                     ['down "Control" ctrl', 'down "v" ctrl', 'up "v" ctrl', 'up "Control"']);
    await until('the browser pasted, into nothing', () => page.evaluate(() => seen.length === 2));
    assert.deepEqual(await page.evaluate(() => seen), [false, 'rubbish']);
    assert.ok(!(await page.content()).includes('rubbish'));
    await page.keyboard.press('z');
    assert.equal(keysOf(await eventsUpTo(events, 'key_up', 3)).at(-1), 'up "z"');
});

test('Alt alone goes to the stream and does not open the menu of the browser', async t => {
    const {page, events} = await focused(t);
    await page.evaluate(() => {
        window.kept = [];
        for (const type of ['keydown', 'keyup'])
            addEventListener(type, e => kept.push(`${type} ${e.key} ${e.defaultPrevented}`));
    });
    await page.keyboard.press('Alt');
    await page.keyboard.press('Alt+f'); /* a shortcut of the browser */
    assert.deepEqual(keysOf(await eventsUpTo(events, 'key_up', 3)),
                     ['down "Alt" alt', 'up "Alt"', 'down "Alt" alt', 'down "f" alt', 'up "f" alt', 'up "Alt"']);
    assert.deepEqual(await page.evaluate(() => kept),
                     ['keydown Alt true', 'keyup Alt true', 'keydown Alt true', 'keydown f false',
                      'keyup f false', 'keyup Alt true']);
});

test('AltGr types its character without Control and Alt', async t => {
    const {page, events} = await focused(t);
    const session = await page.context().newCDPSession(page);
    /* As on Windows: AltGr also counts as Control and Alt (modifiers 1 and 2). */
    const key = (type, name, code, modifiers) => session.send('Input.dispatchKeyEvent',
        {type, key: name, code, modifiers, text: type === 'keyDown' && name.length === 1 ? name : ''});
    await page.evaluate(() => {
        /* CDP has no bit for AltGraph. */
        for (const e of [KeyboardEvent, MouseEvent]) {
            const real = e.prototype.getModifierState;
            e.prototype.getModifierState = function (name) {
                return name === 'AltGraph' ? this.altKey && this.ctrlKey : real.call(this, name);
            };
        }
    });
    await key('keyDown', 'AltGraph', 'AltRight', 3);
    await key('keyDown', '@', 'KeyQ', 3);
    await key('keyUp', '@', 'KeyQ', 3);
    await key('keyUp', 'AltGraph', 'AltRight', 0);
    assert.deepEqual(keysOf(await eventsUpTo(events, 'key_up', 2)),
                     ['down "AltGraph"', 'down "@"', 'up "@"', 'up "AltGraph"']);
});

test('a held key gives one key_down and scrolls nothing', async t => {
    const {page, events} = await focused(t);
    await page.evaluate(() => {
        window.kept = [];
        addEventListener('keydown', e => kept.push(e.defaultPrevented));
    });
    for (let i = 0; i < 5; i++)
        await page.keyboard.down('PageDown');
    await page.keyboard.up('PageDown');
    assert.deepEqual(keysOf(await eventsUpTo(events, 'key_up')), ['down "PageDown"', 'up "PageDown"']);
    assert.deepEqual(await page.evaluate(() => kept), Array(5).fill(true));
});

test('Tab leaves the picture in both directions, and the buttons work by keyboard', async t => {
    const {page, events} = await focused(t);
    const active = () => page.evaluate(() => document.activeElement.id || document.activeElement.className);
    await page.keyboard.press('Shift+Tab');
    assert.equal(await active(), 'help-button', 'Shift and Tab');
    await page.keyboard.press('Enter');
    assert.ok(await page.isVisible('#help'));
    await page.keyboard.press('Escape');
    assert.ok(!(await page.isVisible('#help')));
    await page.keyboard.press('Tab');
    assert.equal(await active(), 'picture');
    const ring = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    assert.equal(ring, 'solid');
    await page.keyboard.press('x');
    await page.keyboard.press('n');
    assert.ok(!(await page.isVisible('#overlay')), 'on the picture, keys go to the stream');
    await page.keyboard.press('Tab');
    assert.notEqual(await active(), 'picture');
    await page.keyboard.press('y');
    await page.focus('#stats');
    for (const seen of [true, false, true]) {
        await page.keyboard.press(seen ? 'n' : 'Space');
        assert.equal(await page.isVisible('#overlay'), seen);
    }
    await page.focus('input[value="fit"]');
    await page.keyboard.press('ArrowRight');
    assert.equal(await page.evaluate(() => document.documentElement.dataset.fit), 'fill');
    await page.focus('#picture');
    await page.keyboard.press('z');
    const got = keysOf(await eventsUpTo(events, 'key_up', 4));
    assert.deepEqual(got.filter(e => !e.includes('Shift')),
                     ['down "x"', 'up "x"', 'down "n"', 'up "n"', 'down "z"', 'up "z"']);
});

test('everything is released when the page loses the focus', async t => {
    const {page, events} = await focused(t);
    await page.mouse.move(200, 200);
    await page.mouse.down();
    await page.mouse.move(260, 240);
    await page.keyboard.down('Shift');
    await page.keyboard.down('KeyW');
    await eventsUpTo(events, 'key_down', 2);
    await page.evaluate(() => dispatchEvent(new Event('blur')));
    const got = await eventsUpTo(events, 'key_up', 2);
    const tail = got.filter(e => e.type.endsWith('_up'));
    assert.deepEqual(tail.map(e => [e.type, e.key ?? e.button]),
                     [['pointer_up', 1], ['key_up', 'Shift'], ['key_up', 'W']]);
    /* The real releases afterwards are not sent again. */
    await page.keyboard.up('KeyW');
    await page.keyboard.up('Shift');
    await page.mouse.up();
    await page.mouse.click(300, 300);
    const all = await eventsUpTo(events, 'pointer_up', 2);
    assert.equal(all.filter(e => e.type.endsWith('_up')).length, 4);
});

test('a modifier that was released elsewhere does not stick', async t => {
    const {page, events} = await focused(t);
    const session = await page.context().newCDPSession(page);
    /* Its keyup never arrives, as when Alt+Tab switches windows. */
    await session.send('Input.dispatchKeyEvent', {type: 'keyDown', key: 'Alt', code: 'AltLeft', modifiers: 1});
    await eventsUpTo(events, 'key_down');
    await page.mouse.click(300, 300);
    const got = (await eventsUpTo(events, 'pointer_up')).filter(e => /_(down|up)$/.test(e.type));
    assert.deepEqual(got.map(e => `${e.type} ${(e.modifiers ?? []).join('+')}`.trim()),
                     ['key_down alt', 'key_up', 'pointer_down', 'pointer_up']);
});

test('everything is released when the page is left', async t => {
    const {page, events} = await focused(t);
    await page.mouse.move(200, 200);
    await page.mouse.down({button: 'right'});
    await page.keyboard.down('q');
    await eventsUpTo(events, 'key_down');
    await page.goto('about:blank');
    const got = await eventsUpTo(events, 'key_up');
    assert.deepEqual(got.filter(e => e.type.endsWith('_up')).map(e => [e.type, e.key ?? e.button]).sort(),
                     [['key_up', 'q'], ['pointer_up', 2]]);
});
