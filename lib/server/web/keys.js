/*
 * Turns keys, and with a text field the text that is typed or pasted, into events of shmcast-events(5).
 *
 * A text field makes the browser's own text input work: dead keys, composition, a phone's keyboard, the
 * clipboard. Keys are reported as without it, Tab too; the text comes as events of type char.
 */
const MODIFIER_KEYS = {shift: 'Shift', ctrl: 'Control', alt: 'Alt', meta: 'Meta'};
const MODIFIERS = new Set([...Object.values(MODIFIER_KEYS), 'AltGraph']);
const SCROLL_KEYS = new Set(['ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight', 'PageUp', 'PageDown',
                             'Home', 'End', 'Backspace']);
const IGNORED_KEYS = new Set(['Unidentified', 'Process', 'Dead']);
const SENDABLE = /^(?:[ -~]{1,32}|\P{Cs}{1,8})$/u; /* at most 32 bytes of UTF-8 */
const TEXT_KEYS = {'\n': 'Enter', '\t': 'Tab'};
const DATA_BYTES = 32;    /* of one event of type char */
const PASTED_EVENTS = 256; /* as many as the server certainly takes at once */

/* The field always contains this, so that a phone's Backspace, which is no key, deletes something. */
const FILLING = '\u200b';

/* Some systems report AltGr as Control and Alt; a character typed with AltGr has neither. */
export function modifiers(e)
{
    const graph = e.getModifierState('AltGraph');
    return Object.keys(MODIFIER_KEYS).filter(m => e[`${m}Key`] && !(graph && (m === 'ctrl' || m === 'alt')));
}

/* The events that type a text; control characters without a key are left out. */
function textEvents(text)
{
    const encoder = new TextEncoder();
    const events = [];
    let data = '', bytes = 0;
    const flush = () => {
        if (data)
            events.push({type: 'char', data});
        data = '';
        bytes = 0;
    };
    for (const character of text.replace(/\r\n?/g, '\n')) {
        const key = TEXT_KEYS[character];
        if (key) {
            flush();
            events.push({type: 'key_down', key}, {type: 'key_up', key});
        } else if (!/[\p{Cc}\p{Cs}]/u.test(character)) {
            const more = encoder.encode(character).length;
            if (bytes + more > DATA_BYTES)
                flush();
            data += character;
            bytes += more;
        }
    }
    flush();
    return events;
}

/*
 * target: the element that has the focus; field: the same if it is a text field, or null. emit(event, when) and
 * enabled() as in input.js; tooLong() is called for a pasted text that is refused.
 */
export function createKeys(target, field, {emit, enabled, tooLong})
{
    const keys = new Map();   /* code → key that is down */
    let controlDown = false;  /* the Control key, wherever the focus is */
    let leaving = false;      /* Escape was the last key: Tab moves the focus */
    let composing = false;

    function keyUp(code, names, when)
    {
        const key = keys.get(code);
        if (key === undefined)
            return;
        keys.delete(code);
        emit({type: 'key_up', key, modifiers: names}, when);
    }

    function release()
    {
        for (const code of [...keys.keys()])
            keyUp(code, [], performance.now());
    }

    /* Releases modifiers whose keyup went to another window. */
    function checkModifiers(e)
    {
        for (const [code, key] of [...keys])
            if (MODIFIERS.has(key) && !e.getModifierState(key))
                keyUp(code, modifiers(e), e.timeStamp);
    }

    /* Tab leaves the picture, but in a text field only after Escape. */
    function movesFocus(e)
    {
        const moves = e.key === 'Tab' && (!field || leaving);
        if (!MODIFIERS.has(e.key))
            leaving = e.key === 'Escape';
        return moves;
    }

    /* The browser also handles its own shortcuts, such as Ctrl+V; Alt alone would open its menu. */
    function isOurs(e)
    {
        const chord = modifiers(e).some(m => m !== 'shift');
        if (e.key === 'Alt')
            return true;
        if (SCROLL_KEYS.has(e.key))
            return !e.altKey && !e.metaKey;
        return !chord && (field ? e.key === 'Enter' || e.key === 'Tab' : e.key.length === 1);
    }

    target.addEventListener('keydown', e => {
        if (!enabled() || e.isComposing || movesFocus(e) || IGNORED_KEYS.has(e.key) || !SENDABLE.test(e.key))
            return;
        if (isOurs(e))
            e.preventDefault();
        if (e.repeat)
            return;
        checkModifiers(e);
        keys.set(e.code || e.key, e.key);
        emit({type: 'key_down', key: e.key, modifiers: modifiers(e)}, e.timeStamp);
    });

    target.addEventListener('keyup', e => {
        if (enabled() && e.key === 'Alt')
            e.preventDefault();
        /* By code: if Shift is released in between, the key down is A and the key up is a. */
        keyUp(e.code || e.key, modifiers(e), e.timeStamp);
        checkModifiers(e);
        /* macOS sends no keyup for a key that is released while Meta is down. */
        if (e.key === 'Meta')
            release();
    });

    for (const type of ['keydown', 'keyup'])
        addEventListener(type, e => {
            if (e.key === 'Control')
                controlDown = type === 'keydown';
        }, true);

    target.addEventListener('blur', release);
    addEventListener('blur', () => (controlDown = false));

    function empty()
    {
        field.value = FILLING;
        field.setSelectionRange(1, 1);
    }

    function emitAll(events, when)
    {
        if (events.length > PASTED_EVENTS)
            tooLong();
        else
            events.forEach(event => emit(event, when));
    }

    /* Sends the text that was typed since the last call. */
    function takeText()
    {
        if (composing || field.value === FILLING)
            return;
        const erased = !field.value.includes(FILLING);
        const text = field.value.replace(FILLING, '');
        empty();
        const events = erased && !text
            ? [{type: 'key_down', key: 'Backspace'}, {type: 'key_up', key: 'Backspace'}] : textEvents(text);
        emitAll(events, performance.now());
    }

    if (field) {
        empty();
        field.addEventListener('focus', empty);
        field.addEventListener('compositionstart', () => (composing = true));
        field.addEventListener('compositionend', () => {
            composing = false;
            setTimeout(takeText); /* some browsers report the input only now */
        });
        field.addEventListener('input', takeText);
        field.addEventListener('paste', e => {
            e.preventDefault();
            emitAll(textEvents(e.clipboardData.getData('text/plain')), e.timeStamp);
        });
    }

    return {
        checkModifiers,
        release,
        forget: () => keys.clear(),
        isControlDown: () => controlDown,
    };
}
