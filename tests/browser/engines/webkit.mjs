/*
 * WebKitGTK's MiniBrowser for engines.test.mjs, which describes the functions, by WebDriver. Its console cannot
 * be read that way. Its driver releases every button as if it were the left one, and makes no touches: the
 * page gets pointer events of a finger that a script makes.
 */
import {spawn} from 'node:child_process';
import {createServer} from 'node:net';
import {once} from 'node:events';
import {createInterface} from 'node:readline';
import {after as atEnd} from 'node:test';
import assert from 'node:assert/strict';
import {settle, until} from '../helper.mjs';

export const commands = /^(MiniBrowser|WebKit)/;
export const buttons = ['left'];
export const realTouch = false;
export const ownMenu = false;
export const parts = false;

const BUTTONS = {left: 0, middle: 1, right: 2};
const KEYS = {Tab: '\ue004', Enter: '\ue007', Shift: '\ue008', Control: '\ue009', Escape: '\ue00c', ArrowLeft: '\ue012'};

const children = [];

function child(command, args, env = {})
{
    const started = spawn(command, args, {stdio: ['ignore', 'pipe', 'inherit'], env: {...process.env, ...env}});
    children.push(started);
    return started;
}

async function freePort()
{
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const {port} = server.address();
    server.close();
    return port;
}

/* A WebDriver session: request(method, path, body) returns the value of the answer. */
async function startSession()
{
    const x = child('Xvfb', ['-noreset', '-displayfd', '1', '-screen', '0', '1000x800x24', '-nolisten', 'tcp']);
    const [display] = await once(createInterface({input: x.stdout}), 'line');
    const port = await freePort();
    child('WebKitWebDriver', [`--port=${port}`], {DISPLAY: `:${display}`});
    const call = async (method, path, body) => {
        const answer = await fetch(`http://127.0.0.1:${port}/${path}`, {
            method, ...(body && {body: JSON.stringify(body)})});
        const {value} = await answer.json();
        assert.ok(answer.ok, `${method} ${path}: ${value?.error}: ${value?.message}`);
        return value;
    };
    await until('the driver answers', () => call('GET', 'status').catch(() => null));
    const {sessionId} = await call('POST', 'session', {capabilities: {}});
    const request = (method, path, body) => call(method, `session/${sessionId}/${path}`, body);
    await request('POST', 'timeouts', {script: 60e3});
    await request('POST', 'window/rect', {width: 900, height: 700});
    return {request, end: () => call('DELETE', `session/${sessionId}`)};
}

let shared = null;

atEnd(async () => {
    await (await shared)?.end();
    for (const started of children.reverse()) {
        started.kill();
        await once(started, 'exit');
    }
});

/* In the page: a finger's pointer events. */
function finger([type, id, x, y])
{
    const picture = document.getElementById('picture');
    picture.dispatchEvent(new PointerEvent(`pointer${type}`, {
        pointerId: 100 + id, pointerType: 'touch', clientX: x, clientY: y, button: 0,
        buttons: type === 'up' ? 0 : 1, bubbles: true, cancelable: true}));
}

export async function openPage(t, url)
{
    const {request} = await (shared ??= startSession());
    await request('POST', 'url', {url});
    t.after(() => request('POST', 'url', {url: 'about:blank'}));

    const act = (id, type, ...actions) => request('POST', 'actions', {actions: [
        {id, type, ...(type === 'pointer' && {parameters: {pointerType: 'mouse'}}), actions}]});
    const page = {
        allowed: [],
        async evaluate(script, arg = null)
        {
            const {value, error} = await request('POST', 'execute/async', {
                script: `const [arg, done] = arguments;
                    Promise.resolve(arg).then(${script}).then(value => done({value}), e => done({error: e.stack}));`,
                args: [arg],
            });
            assert.equal(error, undefined);
            return value;
        },
        move: (x, y) => act('mouse', 'pointer', {type: 'pointerMove', x, y}),
        down: button => act('mouse', 'pointer', {type: 'pointerDown', button: BUTTONS[button]}),
        up: button => act('mouse', 'pointer', {type: 'pointerUp', button: BUTTONS[button]}),
        wheel: (x, y, dy) => act('wheel', 'wheel', {type: 'scroll', x, y, deltaX: 0, deltaY: dy}),
        hold: key => act('keys', 'key', {type: 'keyDown', value: KEYS[key] ?? key}),
        release: key => act('keys', 'key', {type: 'keyUp', value: KEYS[key] ?? key}),
        async fingers(...steps)
        {
            const send = (type, step) => Promise.all(step.map(([x, y], id) => page.evaluate(finger, [type, id, x, y])));
            await send('down', steps[0]);
            for (const step of steps.slice(1)) {
                await send('move', step);
                await settle(page);
            }
            await send('up', steps.at(-1));
        },
    };
    return page;
}
