/*
 * Pointers, wheel, keys and the window's size, as events of shmcast-events(5). x and y are 0 … 1 from
 * the top left of the picture, however it is scaled, cut or scrolled.
 *
 * What is pressed is always let go: on blur, cancel, hidden; the server does it when we vanish.
 */
import {createFingers} from './fingers.js';

const NAMES = {shift: 'Shift', ctrl: 'Control', alt: 'Alt', meta: 'Meta'};
const MODIFIERS = new Set([...Object.values(NAMES), 'AltGraph']);
const SCROLLS = new Set(['ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight', 'PageUp', 'PageDown',
                         'Home', 'End', 'Backspace']);
const NO_KEYS = new Set(['Unidentified', 'Process', 'Dead']);
const SENDABLE = /^(?:[ -~]{1,32}|\P{Cs}{1,8})$/u; /* 32 bytes of UTF-8 at most */

/* Browsers tell of a touchpad's pinch as a wheel with Control that nobody holds, in hundredths. */
const PINCH = 10;

export function clamp(x, low, high)
{
    return Math.min(Math.max(x, low), high);
}

/* What is out of range would cost the connection: a drag far out of a very thin picture is cut.
 * Six digits are a fraction of a pixel in the largest picture. */
function fraction(at, from, length)
{
    return length > 0 ? clamp(Math.round((at - from) / length * 1e6) / 1e6, -16, 17) : 0;
}

/* AltGr is Control and Alt in some systems; what it types holds neither. */
function modifiers(e)
{
    const graph = e.getModifierState('AltGraph');
    return Object.keys(NAMES).filter(m => e[`${m}Key`] && !(graph && (m === 'ctrl' || m === 'alt')));
}

/* send(event, when): when the user did it, as performance.now(). fingers: as for createFingers, or
 * 'apart'. */
export function createInput(picture, stage, fingers, send)
{
    const pointers = new Map(); /* id → {buttons, at}: what is held, and where it was last */
    const moves = new Map();    /* id → [pointer_move, when] that was not sent yet, the newest */
    const keys = new Map();     /* code → key that is held */
    let wheel = null;           /* [wheel of two fingers, when] that was not sent yet */
    let moving = 0;             /* animation frame asked for */
    let control = false;        /* Control is down, wherever the focus is */
    let enabled = false;
    let pressed = 0;            /* the last pointer that pressed a button */

    /* Moves that wait go before an event, so that order holds. */
    function emit(event, when)
    {
        flush();
        if (enabled)
            send(event, when);
    }

    function flush()
    {
        cancelAnimationFrame(moving);
        moving = 0;
        const due = [...moves.values(), ...(wheel ? [wheel] : [])];
        moves.clear();
        wheel = null;
        if (enabled)
            due.forEach(one => send(...one));
    }

    function flushSoon()
    {
        moving ||= requestAnimationFrame(() => {
            touches.flush();
            flush();
        });
    }

    function place(e)
    {
        const box = picture.getBoundingClientRect();
        return {
            x: fraction(e.clientX, box.left, box.width),
            y: fraction(e.clientY, box.top, box.height),
            modifiers: modifiers(e),
        };
    }

    /* The mouse is 0 however the browser numbers it. */
    function pointerId(e)
    {
        return e.pointerType === 'mouse' || !e.pointerType ? 0 : e.pointerId >>> 0;
    }

    function pointerAt(id, e)
    {
        if (!pointers.has(id))
            pointers.set(id, {buttons: 0, at: null});
        const p = pointers.get(id);
        p.at = place(e);
        return p;
    }

    /*
     * Sends what differs between the buttons that are held and buttons, a mask: DOM's is ours, 1
     * left, 2 right, 4 middle, 8 back, 16 forward. A mouse's second button comes as a pointermove,
     * so every event is looked at.
     */
    function setButtons(id, buttons, when)
    {
        const p = pointers.get(id);
        if (!p || !enabled)
            return;
        for (let bit = 1; bit <= 16; bit <<= 1) {
            if (!((p.buttons ^ buttons) & bit))
                continue;
            p.buttons ^= bit;
            if (buttons & bit)
                pressed = id;
            emit({
                type: buttons & bit ? 'pointer_down' : 'pointer_up',
                ...p.at,
                button: 32 - Math.clz32(bit),
                buttons: p.buttons,
                pointer: id,
            }, when);
        }
    }

    function move(id, when)
    {
        const p = pointers.get(id);
        if (!p)
            return;
        moves.set(id, [{type: 'pointer_move', ...p.at, buttons: p.buttons, pointer: id}, when]);
        flushSoon();
    }

    function cross(id, type, when)
    {
        const p = pointers.get(id);
        if (!p)
            return;
        emit({type: `pointer_${type}`, ...p.at, buttons: p.buttons, pointer: id}, when);
        if (type === 'leave')
            pointers.delete(id);
    }

    function turn(at, dx, dy, id, when)
    {
        dx += wheel?.[0].dx ?? 0;
        dy += wheel?.[0].dy ?? 0;
        wheel = [{type: 'wheel', ...at, dx: clamp(dx, -1e6, 1e6), dy: clamp(dy, -1e6, 1e6),
                  buttons: pointers.get(id)?.buttons ?? 0, pointer: id}, when];
    }

    const touches = createFingers(fingers, {
        pointerAt, setButtons, move, cross, turn, flushSoon,
        buttons: id => pointers.get(id)?.buttons ?? 0,
    });

    function listen(type, act)
    {
        picture.addEventListener(type, e => {
            if (!enabled)
                return;
            checkModifiers(e);
            if (e.pointerType !== 'touch' || fingers === 'apart')
                act(e);
            else
                touches.take(e);
        });
    }

    listen('pointerdown', e => {
        picture.setPointerCapture(e.pointerId);
        picture.focus({preventScroll: true});
        pointerAt(pointerId(e), e);
        setButtons(pointerId(e), e.buttons, e.timeStamp);
    });

    listen('pointermove', e => {
        const id = pointerId(e);
        const known = pointers.has(id);
        const p = pointerAt(id, e);
        if (!known) /* it came in before its events were wanted */
            cross(id, 'enter', e.timeStamp);
        /* Buttons that went down elsewhere and came in with the pointer are none of ours. */
        if (p.buttons && p.buttons !== (e.buttons & 31))
            setButtons(id, e.buttons, e.timeStamp);
        else
            move(id, e.timeStamp);
    });

    listen('pointerup', e => {
        pointerAt(pointerId(e), e);
        setButtons(pointerId(e), 0, e.timeStamp);
    });

    /* These two may come without a place: the last one holds. */
    for (const type of ['pointercancel', 'lostpointercapture'])
        listen(type, e => setButtons(pointerId(e), 0, e.timeStamp));

    for (const type of ['enter', 'leave'])
        listen(`pointer${type}`, e => {
            pointerAt(pointerId(e), e);
            cross(pointerId(e), type, e.timeStamp);
        });

    picture.addEventListener('dblclick', e => {
        if (!enabled)
            return;
        emit({type: 'double_click', ...place(e), button: 1,
              buttons: pointers.get(pressed)?.buttons ?? 0, pointer: pressed}, e.timeStamp);
    });

    /* A notch is 100 pixels in some browsers and 3 lines in others. */
    picture.addEventListener('wheel', e => {
        if (!enabled)
            return;
        e.preventDefault();
        checkModifiers(e);
        const pinch = e.ctrlKey && !control;
        const unit = [1, 100 / 3, picture.clientHeight][e.deltaMode] * (pinch ? PINCH : 1);
        const at = place(e);
        if (pinch)
            at.modifiers = at.modifiers.filter(m => m !== 'ctrl');
        emit({
            type: 'wheel',
            ...at,
            dx: clamp(e.deltaX * unit, -1e6, 1e6),
            dy: clamp(e.deltaY * unit, -1e6, 1e6),
            buttons: pointers.get(0)?.buttons ?? 0,
        }, e.timeStamp);
    }, {passive: false});

    /* No text selection, no autoscroll by the middle button, no menu, no going back by button 4. */
    for (const type of ['mousedown', 'mouseup', 'auxclick', 'contextmenu', 'dragstart'])
        picture.addEventListener(type, e => enabled && e.preventDefault());

    function keyUp(code, names, when)
    {
        const key = keys.get(code);
        if (key === undefined)
            return;
        keys.delete(code);
        emit({type: 'key_up', key, modifiers: names}, when);
    }

    /* A modifier that was let go while another window had the keyboard. */
    function checkModifiers(e)
    {
        for (const [code, key] of [...keys])
            if (MODIFIERS.has(key) && !e.getModifierState(key))
                keyUp(code, modifiers(e), e.timeStamp);
    }

    picture.addEventListener('keydown', e => {
        /* Tab is the way out; a picture has no text to compose. */
        if (!enabled || e.key === 'Tab' || e.isComposing || NO_KEYS.has(e.key) || !SENDABLE.test(e.key))
            return;
        /* The browser's own, as Ctrl+V, stay the browser's too. */
        const chord = modifiers(e).some(m => m !== 'shift');
        if (SCROLLS.has(e.key) ? !e.altKey && !e.metaKey : e.key.length === 1 && !chord)
            e.preventDefault();
        if (e.repeat)
            return;
        checkModifiers(e);
        keys.set(e.code || e.key, e.key);
        emit({type: 'key_down', key: e.key, modifiers: modifiers(e)}, e.timeStamp);
    });

    picture.addEventListener('keyup', e => {
        /* By code: with Shift let go in between, what went down as A comes up as a. */
        keyUp(e.code || e.key, modifiers(e), e.timeStamp);
        checkModifiers(e);
        /* Under macOS a key that is let go while Meta is down never comes up. */
        if (e.key === 'Meta')
            releaseKeys();
    });

    for (const type of ['keydown', 'keyup'])
        addEventListener(type, e => {
            if (e.key === 'Control')
                control = type === 'keydown';
        }, true);

    function releaseKeys()
    {
        for (const code of [...keys.keys()])
            keyUp(code, [], performance.now());
    }

    function release()
    {
        flush();
        for (const id of pointers.keys())
            setButtons(id, 0, performance.now());
        releaseKeys();
    }

    /* Without a connection or the say: the server has let go for us. */
    function forget()
    {
        moves.clear();
        wheel = null;
        keys.clear();
        pointers.clear();
    }

    picture.addEventListener('blur', releaseKeys);
    addEventListener('blur', () => {
        control = false;
        release();
    });
    addEventListener('pagehide', release);

    let size = null;

    /* An observer calls once a frame at most. */
    function measure()
    {
        const ratio = clamp(devicePixelRatio, 0.1, 10);
        const box = stage.getBoundingClientRect();
        const width = clamp(Math.round(box.width * ratio), 1, 65500);
        const height = clamp(Math.round(box.height * ratio), 1, 65500);
        picture.style.setProperty('--ratio', ratio);
        if (size?.width === width && size.height === height && size.ratio === ratio)
            return;
        size = {type: 'resize', width, height, ratio};
        emit(size, performance.now());
    }

    new ResizeObserver(measure).observe(stage);

    /* A window dragged to another screen may change its ratio and nothing else. */
    function watchRatio()
    {
        matchMedia(`(resolution: ${devicePixelRatio}dppx)`).addEventListener('change', () => {
            measure();
            watchRatio();
        }, {once: true});
    }

    watchRatio();

    return {
        release,
        forget,

        /* May events be sent? Who begins to steer tells the size of the window. */
        enable(on)
        {
            if (on === enabled)
                return;
            enabled = on;
            forget();
            if (on && size)
                emit(size, performance.now());
        },
    };
}
