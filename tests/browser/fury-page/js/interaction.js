/* FURY 0.12's messages: weel, mouseMove, mouseLeftClick. A press carries the position of the last move,
 * moves are sent while a button is down, modifiers and on are 0 or 1. */
const protocol = location.protocol === 'https:' ? 'wss' : 'ws';
const socket = new WebSocket(`${protocol}://${location.hostname}:${location.port}/ws`);

const send = message => socket.send(JSON.stringify({...message, timestampInMs: Date.now()}));

/* Returns a function that returns true at most once per period of ms. */
function limit(ms)
{
    let ready = true;
    return () => {
        if (!ready)
            return false;
        ready = false;
        setTimeout(() => (ready = true), ms);
        return true;
    };
}

export function sendInput(picture, ms)
{
    const mayMove = limit(ms.move), mayTurn = limit(ms.wheel);
    let x = 0, y = 0, turned = 0, pressed = false;
    const keys = event => ({ctrlKey: Number(event.ctrlKey), shiftKey: Number(event.shiftKey)});

    picture.addEventListener('wheel', event => {
        event.preventDefault();
        turned += event.deltaY;
        if (!mayTurn())
            return;
        send({type: 'weel', deltaY: turned});
        turned = 0;
    });
    picture.addEventListener('mousemove', event => {
        if (!mayMove())
            return;
        x = event.offsetX / picture.offsetWidth;
        y = event.offsetY / picture.offsetHeight;
        if (pressed)
            send({type: 'mouseMove', x, y, ...keys(event)});
    });
    picture.addEventListener('mousedown', event => {
        event.preventDefault();
        pressed = true;
        send({type: 'mouseLeftClick', on: 1, mouseButton: event.button, x, y, ...keys(event)});
    });
    window.addEventListener('mouseup', event => {
        pressed = false;
        send({type: 'mouseLeftClick', on: 0, x, y, mouseButton: event.button, ...keys(event)});
    });
}
