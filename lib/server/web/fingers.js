/*
 * One finger is a pointer of its own with the left button. Two are what viewers of scenes use two
 * fingers for: moved together they drag with another button, which orbit and trackball viewers pan
 * by; moved apart or together they turn the wheel at the place between them; a tap of both is a
 * click of the right button. All of it is told as the first finger's pointer.
 */
const SLOP = 8;      /* CSS pixels that a resting finger may move */
const ALONE_MS = 80; /* a second finger comes within this, or the first one presses */
const WHEEL = 1000;  /* pixels of wheel a factor of e: spreading to the double is -693 */

const DRAGS = {right: 2, middle: 4, wheel: 0};

/* pan: a key of DRAGS; with wheel, moving together turns it as a touchpad does. to: input.js. */
export function createFingers(pan, to)
{
    const down = new Map(); /* id → the newest event */
    let id = 0;             /* of the first finger */
    let phase = 'none';     /* wait: may become two; one; two; over: until all are up */
    let timer = 0;
    let first = null;       /* where the first finger, or both, went down */
    let last = null;        /* {x, y, apart} of two fingers when last looked at */
    let panning, pinching, changed;

    function between()
    {
        const [a, b] = [...down.values()];
        return {
            clientX: (a.clientX + b.clientX) / 2,
            clientY: (a.clientY + b.clientY) / 2,
            apart: Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY),
            timeStamp: Math.max(a.timeStamp, b.timeStamp),
            getModifierState: name => b.getModifierState(name),
            shiftKey: b.shiftKey, ctrlKey: b.ctrlKey, altKey: b.altKey, metaKey: b.metaKey,
        };
    }

    function far(a, b)
    {
        return Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY) > SLOP;
    }

    function press()
    {
        clearTimeout(timer);
        phase = 'one';
        to.pointerAt(id, first);
        to.setButtons(id, 1, first.timeStamp);
    }

    function begin()
    {
        clearTimeout(timer);
        to.setButtons(id, 0, performance.now());
        phase = 'two';
        first = last = between();
        panning = pinching = changed = false;
    }

    /* What the two have done since the last look, once an animation frame. */
    function flush()
    {
        if (phase !== 'two' || !changed)
            return;
        changed = false;
        const now = between();
        if (!panning && far(now, first)) {
            panning = true;
            to.pointerAt(id, first);
            to.setButtons(id, DRAGS[pan], now.timeStamp);
        }
        pinching ||= Math.abs(now.apart - first.apart) > SLOP;
        const at = to.pointerAt(id, now).at;
        if (panning && DRAGS[pan])
            to.move(id, now.timeStamp);
        let [dx, dy] = [0, 0];
        if (panning && !DRAGS[pan])
            [dx, dy] = [last.clientX - now.clientX, last.clientY - now.clientY];
        if (pinching)
            dy -= WHEEL * Math.log(Math.max(now.apart, 1) / Math.max(last.apart, 1));
        if (dx || dy)
            to.turn(at, dx, dy, id, now.timeStamp);
        last = now;
    }

    function end(e, cancelled)
    {
        if (phase === 'wait' && !cancelled)
            press();
        if (phase === 'one')
            to.pointerAt(id, cancelled ? down.get(id) : e);
        if (phase === 'two') {
            flush();
            if (!panning && !pinching && !cancelled) {
                to.pointerAt(id, first);
                to.setButtons(id, 2, e.timeStamp);
            }
        }
        to.setButtons(id, 0, e.timeStamp);
        clearTimeout(timer);
        phase = 'over';
    }

    function lift(e, cancelled)
    {
        if (!down.has(e.pointerId))
            return;
        if (phase !== 'over')
            end(e, cancelled);
        down.delete(e.pointerId);
        if (down.size)
            return;
        to.cross(id, 'leave', e.timeStamp);
        phase = 'none';
    }

    const acts = {
        pointerdown(e)
        {
            e.target.focus({preventScroll: true});
            down.set(e.pointerId, e);
            if (phase === 'none') {
                id = e.pointerId >>> 0;
                first = e;
                to.pointerAt(id, e);
                to.cross(id, 'enter', e.timeStamp);
                phase = 'wait';
                timer = setTimeout(press, ALONE_MS);
            } else if (phase === 'wait' || phase === 'one') {
                begin();
            } else if (phase === 'two') { /* three mean nothing here */
                end(e, true);
            }
        },

        pointermove(e)
        {
            if (!down.has(e.pointerId))
                return;
            down.set(e.pointerId, e);
            if (phase === 'wait' && far(e, first))
                press();
            if (phase === 'one' && !to.buttons(id))
                phase = 'over'; /* it was let go for us */
            if (phase === 'one') {
                to.pointerAt(id, e);
                to.move(id, e.timeStamp);
            } else if (phase === 'two') {
                changed = true;
                to.flushSoon();
            }
        },

        pointerup: e => lift(e, false),
        pointercancel: e => lift(e, true),
    };

    return {take: e => acts[e.type]?.(e), flush};
}
