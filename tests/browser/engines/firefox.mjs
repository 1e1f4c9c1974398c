/* Firefox for engines.test.mjs, which describes the functions, by puppeteer and WebDriver BiDi. */
import {after as atEnd} from 'node:test';
import assert from 'node:assert/strict';
import puppeteer from 'puppeteer-core';
import {settle} from '../helper.mjs';

export const commands = /firefox|Isolated|Web Content|Privileged/;
export const buttons = ['left', 'right', 'middle'];
export const realTouch = true;
export const ownMenu = true;
export const parts = true;

const PREFS = {
    'dom.w3c_touch_events.enabled': 1,
    'media.peerconnection.ice.loopback': true, /* a machine without a network has only that */
};

let shared = null;

atEnd(async () => {
    await (await shared)?.close();
});

export async function openPage(t, url)
{
    shared ??= puppeteer.launch({
        browser: 'firefox',
        executablePath: process.env.FIREFOX || '/usr/bin/firefox-esr',
        extraPrefsFirefox: PREFS,
        defaultViewport: {width: 900, height: 600},
    });
    const context = await (await shared).createBrowserContext();
    const page = await context.newPage();
    const allowed = [], said = [];
    page.on('console', message => said.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', error => said.push(`exception: ${error.stack}`));
    t.after(async () => {
        await context.close();
        assert.deepEqual(said.filter(text => !allowed.some(a => a.test(text))), []);
    });
    await page.goto(url);
    /* Not page.touchscreen: it sends an altitude angle, which Firefox refuses. */
    const touch = fingers => page.mainFrame().browsingContext.performActions(fingers.map((actions, i) => (
        {type: 'pointer', id: `finger ${i}`, parameters: {pointerType: 'touch'}, actions})));
    return {
        allowed,
        evaluate: (act, arg) => page.evaluate(act, arg),
        move: (x, y) => page.mouse.move(x, y),
        down: button => page.mouse.down({button}),
        up: button => page.mouse.up({button}),
        wheel: (x, y, dy) => page.mouse.wheel({deltaY: dy}),
        hold: key => page.keyboard.down(key),
        release: key => page.keyboard.up(key),
        async fingers(...steps)
        {
            const first = steps.shift();
            await touch(first.map(([x, y]) => [{type: 'pointerMove', x, y}, {type: 'pointerDown', button: 0}]));
            for (const step of steps) {
                await touch(step.map(([x, y]) => [{type: 'pointerMove', x, y}]));
                await settle(page); /* so that no two moves merge */
            }
            await touch(first.map(() => [{type: 'pointerUp', button: 0}]));
        },
    };
}
