/*
 * Touch gestures. One finger is a pointer that holds the left button. Two fingers that move together
 * drag with another button, with which most viewers of 3D scenes pan; a pinch turns the wheel at the
 * point between the fingers; a tap of two fingers is a right click. All events of a gesture carry
 * the pointer number of the first finger.
 */
const SLOP = 8;              /* CSS pixels by which a resting finger may move */
const SECOND_FINGER_MS = 80; /* wait for a second finger before the first one presses */
const WHEEL = 1000;          /* wheel pixels per factor e of finger distance: doubling it gives -693 */

const DRAG_BUTTONS = {right: 2, middle: 4, wheel: 0};

/*
 * pan: a key of DRAG_BUTTONS; with 'wheel' two moving fingers scroll as on a touchpad.
 * output: the functions of input.js that send pointer and wheel events.
 */
export function createGestures(pan, output)
{
    const down = new Map(); /* finger id → its latest event */
    let id = 0;             /* of the first finger */
    let phase = 'idle';     /* pending: one finger, maybe two soon; one; two; ended: until all are up */
    let timer = 0;
    let start = null;       /* position of the first touch, or of both fingers */
    let last = null;        /* position of two fingers that was reported last */
    let panning, pinching, changed;

    function midpoint()
    {
        const [a, b] = [...down.values()];
        return {
            clientX: (a.clientX + b.clientX) / 2,
            clientY: (a.clientY + b.clientY) / 2,
            distance: Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY),
            timeStamp: Math.max(a.timeStamp, b.timeStamp),
            getModifierState: name => b.getModifierState(name),
            shiftKey: b.shiftKey, ctrlKey: b.ctrlKey, altKey: b.altKey, metaKey: b.metaKey,
        };
    }

    function movedFar(a, b)
    {
        return Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY) > SLOP;
    }

    function press()
    {
        clearTimeout(timer);
        phase = 'one';
        output.pointerAt(id, start);
        output.setButtons(id, 1, start.timeStamp);
    }

    function startTwo()
    {
        clearTimeout(timer);
        output.setButtons(id, 0, performance.now());
        phase = 'two';
        start = last = midpoint();
        panning = pinching = changed = false;
    }

    /* Reports what two fingers did since the last report, once per animation frame. */
    function flush()
    {
        if (phase !== 'two' || !changed)
            return;
        changed = false;
        const now = midpoint();
        if (!panning && movedFar(now, start)) {
            panning = true;
            output.pointerAt(id, start);
            output.setButtons(id, DRAG_BUTTONS[pan], now.timeStamp);
        }
        pinching ||= Math.abs(now.distance - start.distance) > SLOP;
        const at = output.pointerAt(id, now).at;
        if (panning && DRAG_BUTTONS[pan])
            output.move(id, now.timeStamp);
        let [dx, dy] = [0, 0];
        if (panning && !DRAG_BUTTONS[pan])
            [dx, dy] = [last.clientX - now.clientX, last.clientY - now.clientY];
        if (pinching)
            dy -= WHEEL * Math.log(Math.max(now.distance, 1) / Math.max(last.distance, 1));
        if (dx || dy)
            output.turn(at, dx, dy, id, now.timeStamp);
        last = now;
    }

    function end(e, cancelled)
    {
        if (phase === 'pending' && !cancelled)
            press();
        if (phase === 'one')
            output.pointerAt(id, cancelled ? down.get(id) : e);
        if (phase === 'two') {
            flush();
            if (!panning && !pinching && !cancelled) {
                output.pointerAt(id, start);
                output.setButtons(id, 2, e.timeStamp);
            }
        }
        output.setButtons(id, 0, e.timeStamp);
        clearTimeout(timer);
        phase = 'ended';
    }

    function lift(e, cancelled)
    {
        if (!down.has(e.pointerId))
            return;
        if (phase !== 'ended')
            end(e, cancelled);
        down.delete(e.pointerId);
        if (down.size)
            return;
        output.cross(id, 'leave', e.timeStamp);
        phase = 'idle';
    }

    const handlers = {
        pointerdown(e)
        {
            output.focus();
            down.set(e.pointerId, e);
            if (phase === 'idle') {
                id = e.pointerId >>> 0;
                start = e;
                output.pointerAt(id, e);
                output.cross(id, 'enter', e.timeStamp);
                phase = 'pending';
                timer = setTimeout(press, SECOND_FINGER_MS);
            } else if (phase === 'pending' || phase === 'one') {
                startTwo();
            } else if (phase === 'two') { /* three fingers have no meaning */
                end(e, true);
            }
        },

        pointermove(e)
        {
            if (!down.has(e.pointerId))
                return;
            down.set(e.pointerId, e);
            if (phase === 'pending' && movedFar(e, start))
                press();
            if (phase === 'one' && !output.buttons(id))
                phase = 'ended'; /* the button was released for us */
            if (phase === 'one') {
                output.pointerAt(id, e);
                output.move(id, e.timeStamp);
            } else if (phase === 'two') {
                changed = true;
                output.flushSoon();
            }
        },

        pointerup: e => lift(e, false),
        pointercancel: e => lift(e, true),
    };

    return {handle: e => handlers[e.type]?.(e), flush};
}
