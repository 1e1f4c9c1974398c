/*
 * Turns pointers, wheel, keys and the window's size into events of shmcast-events(5). x and y are
 * fractions from the top left of the picture, however it is scaled, cropped or scrolled.
 *
 * Every press is released: here on blur, on cancel and when the page is hidden, by the server when the
 * connection ends.
 */
import {createGestures} from './gestures.js';
import {createKeys, modifiers} from './keys.js';

/* Browsers report a touchpad's pinch as wheel events with a Control key that is not down, a tenth as large. */
const PINCH = 10;
const MENU_MS = 300; /* some browsers report contextmenu only after the release */

export function clamp(x, low, high)
{
    return Math.min(Math.max(x, low), high);
}

/* The position as a fraction, clamped because the server disconnects viewers for values out of range: a
 * drag can end far outside a very thin picture. Six digits resolve pixels of the largest picture. */
function fraction(at, from, length)
{
    return length > 0 ? clamp(Math.round((at - from) / length * 1e6) / 1e6, -16, 17) : 0;
}

/*
 * send(event, when): when is the time of the user's action, as by performance.now(). tooLong(): a pasted text
 * was refused. ownMenu(): the browser opens its own menu for Shift and the right button, as Firefox does.
 * fingers: the meaning of two fingers, as pan of createGestures, or 'apart' for separate pointers.
 * field: a text field that has the focus instead of the picture, or null.
 */
export function createInput(picture, stage, {fingers, field}, {send, tooLong, ownMenu})
{
    const target = field ?? picture; /* has the focus */
    const pointers = new Map(); /* id → {buttons, at}: buttons down, and the latest position */
    const moves = new Map();    /* id → [latest pointer_move, when], not sent yet */
    let wheel = null;           /* [wheel of two fingers, when], not sent yet */
    let flushRequest = 0;       /* pending animation frame */
    let enabled = false;
    let pressed = 0;            /* the pointer that pressed a button last */
    let menuDue = false;        /* a contextmenu event must follow a press of the right button with Shift */

    /* Sends waiting moves first, to keep the order. */
    function emit(event, when)
    {
        flush();
        if (enabled)
            send(event, when);
    }

    function flush()
    {
        cancelAnimationFrame(flushRequest);
        flushRequest = 0;
        const waiting = [...moves.values(), ...(wheel ? [wheel] : [])];
        moves.clear();
        wheel = null;
        if (enabled)
            waiting.forEach(args => send(...args));
    }

    function flushSoon()
    {
        flushRequest ||= requestAnimationFrame(() => {
            gestures.flush();
            flush();
        });
    }

    function positionOf(e)
    {
        const box = picture.getBoundingClientRect();
        return {
            x: fraction(e.clientX, box.left, box.width),
            y: fraction(e.clientY, box.top, box.height),
            modifiers: modifiers(e),
        };
    }

    /* The mouse is pointer 0, whatever number the browser gives it. */
    function pointerId(e)
    {
        return e.pointerType === 'mouse' || !e.pointerType ? 0 : e.pointerId >>> 0;
    }

    function pointerAt(id, e)
    {
        if (!pointers.has(id))
            pointers.set(id, {buttons: 0, at: null});
        const p = pointers.get(id);
        p.at = positionOf(e);
        return p;
    }

    /*
     * Sends a press or release for each button whose state changes. buttons: the mask of the DOM, 1
     * left, 2 right, 4 middle, 8 back, 16 forward. Called for every pointer event, because browsers
     * report a second mouse button as a pointermove.
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
            if (bit === 2 && menuDue && !(buttons & bit))
                setTimeout(checkMenu, MENU_MS);
        }
    }

    function checkMenu()
    {
        if (menuDue)
            ownMenu();
        menuDue = false;
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

    const keys = createKeys(target, field, {emit, tooLong, enabled: () => enabled});
    const focus = () => target.focus({preventScroll: true});

    const gestures = createGestures(fingers, {
        focus, pointerAt, setButtons, move, cross, turn, flushSoon,
        buttons: id => pointers.get(id)?.buttons ?? 0,
    });

    function listen(type, handle)
    {
        picture.addEventListener(type, e => {
            if (!enabled)
                return;
            keys.checkModifiers(e);
            if (e.pointerType !== 'touch' || fingers === 'apart')
                handle(e);
            else
                gestures.handle(e);
        });
    }

    listen('pointerdown', e => {
        picture.setPointerCapture(e.pointerId);
        focus();
        menuDue = e.pointerType === 'mouse' && e.button === 2 && e.shiftKey;
        pointerAt(pointerId(e), e);
        setButtons(pointerId(e), e.buttons, e.timeStamp);
    });

    listen('pointermove', e => {
        const id = pointerId(e);
        const known = pointers.has(id);
        const p = pointerAt(id, e);
        if (!known) /* it entered before this viewer had control */
            cross(id, 'enter', e.timeStamp);
        /* Ignore buttons that were pressed outside the picture. */
        if (p.buttons && p.buttons !== (e.buttons & 31))
            setButtons(id, e.buttons, e.timeStamp);
        else
            move(id, e.timeStamp);
    });

    listen('pointerup', e => {
        pointerAt(pointerId(e), e);
        setButtons(pointerId(e), 0, e.timeStamp);
    });

    /* These two may lack a position: keep the last one. */
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
        emit({type: 'double_click', ...positionOf(e), button: 1,
              buttons: pointers.get(pressed)?.buttons ?? 0, pointer: pressed}, e.timeStamp);
    });

    /* One notch is 100 pixels in some browsers and 3 lines in others. */
    picture.addEventListener('wheel', e => {
        if (!enabled)
            return;
        e.preventDefault();
        keys.checkModifiers(e);
        const pinch = e.ctrlKey && !keys.isControlDown();
        const unit = [1, 100 / 3, picture.clientHeight][e.deltaMode] * (pinch ? PINCH : 1);
        const at = positionOf(e);
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

    /* Prevents text selection, autoscroll (middle button), the menu, and history navigation (button 4). */
    for (const type of ['mousedown', 'mouseup', 'auxclick', 'contextmenu', 'dragstart'])
        picture.addEventListener(type, e => enabled && e.preventDefault());
    picture.addEventListener('contextmenu', () => (menuDue = false));

    function release()
    {
        flush();
        for (const id of pointers.keys())
            setButtons(id, 0, performance.now());
        keys.release();
    }

    /* Without a connection or control: the server has released everything. */
    function forget()
    {
        moves.clear();
        wheel = null;
        keys.forget();
        pointers.clear();
    }

    addEventListener('blur', release);
    addEventListener('pagehide', release);

    let size = null;

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

    /* Moving a window to another screen may change only the pixel ratio. */
    function watchRatio()
    {
        matchMedia(`(resolution: ${devicePixelRatio}dppx)`).addEventListener('change', () => {
            measure();
            watchRatio();
        }, {once: true});
    }

    watchRatio();

    return {
        focus,
        release,

        /* Enables or disables sending. A viewer that gets control first reports its window size. */
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
