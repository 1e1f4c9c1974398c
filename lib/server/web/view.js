/*
 * Draws pictures on a canvas. A message is a whole JPEG, or parts: JPEGs of the rectangles that have changed
 * since the message before (shmcast-web(7)). Messages are decoded one at a time, off the main thread, and
 * those that are decoded are drawn together in the next animation frame. A whole JPEG replaces all that
 * came before it and is not drawn yet; parts are never left out.
 */
import {readJpeg} from './jpeg.js';

/* Shows one child of the picture element and hides the others; sets the picture's size. aspect: the
 * width of a pixel divided by its height. */
export function showElement(element, width, height, aspect)
{
    const {style} = element.parentElement;
    style.setProperty('--wide', width * aspect);
    style.setProperty('--high', height);
    for (const child of element.parentElement.children)
        child.hidden = child !== element;
    element.parentElement.hidden = false;
}

/* Returns the message's JPEGs, their places, and of parts the size of the whole picture: undefined if they are
 * damaged. */
function split(buffer)
{
    const info = readJpeg(buffer);
    if (!info.part)
        return {info, whole: true, jpegs: [{data: buffer, x: 0, y: 0}]};
    const {count, width, height} = info.part;
    const jpegs = [];
    for (let at = 0; at < buffer.byteLength;) {
        const {part} = readJpeg(buffer, at);
        if (!part || part.count !== count || !(part.bytes > 0 && part.bytes <= buffer.byteLength - at))
            return {info, whole: false};
        jpegs.push({data: new Uint8Array(buffer, at, part.bytes), x: part.x, y: part.y});
        at += part.bytes;
    }
    /* Of 0 parts one JPEG comes, which shows nothing new. */
    return {info, whole: false,
            ...(jpegs.length === (count || 1) && {jpegs: count ? jpegs : [], width, height})};
}

/* Returns bitmaps for all, or none: rejects. */
async function decodeAll(jpegs)
{
    const results = await Promise.allSettled(jpegs.map(({data}) =>
        createImageBitmap(new Blob([data], {type: 'image/jpeg'}))));
    const bitmaps = results.filter(r => r.status === 'fulfilled').map(r => r.value);
    if (bitmaps.length < jpegs.length) {
        bitmaps.forEach(bitmap => bitmap.close());
        throw new Error('a JPEG is damaged');
    }
    return bitmaps;
}

/*
 * Calls on.drawn({seq, event, captured, quality, sampling, width, height, bytes, old, at}); on.broken();
 * on.undrawn(count) for messages that are not drawn, or not seen because they were drawn together with
 * a newer one; and on.incomplete() when only a whole JPEG helps: parts do not continue the picture shown, or
 * that picture is lost.
 */
export function createView(canvas, on)
{
    const context = canvas.getContext('2d', {alpha: false});
    let waiting = [];   /* messages that are not decoded, oldest first */
    let decoding = false;
    let ready = [];     /* decoded ones that are not drawn: {message, bitmaps} */
    let request = 0;    /* pending animation frame */
    let shape = 1;      /* aspect of the last image's pixels */
    let size = null;    /* [width, height] of the last whole JPEG, if parts can follow */
    let asked = false;  /* on.incomplete was called for the lack of one, and none has come since */
    let frame = 0;      /* number of the last frame drawn */

    function requireWhole()
    {
        size = null;
        if (!asked)
            on.incomplete();
        asked = true;
    }

    /* The canvas is blank after the browser has lost its contents, as in a crash of the graphics process. */
    canvas.addEventListener('contextrestored', requireWhole);

    function discardReady()
    {
        if (!ready.length)
            return;
        on.undrawn(ready.length);
        ready.forEach(({bitmaps}) => bitmaps.forEach(bitmap => bitmap.close()));
        ready = [];
    }

    async function decodeWhole(message)
    {
        size = null;
        const bitmaps = await decodeAll(message.jpegs).catch(() => null);
        if (!bitmaps) {
            on.broken();
            return;
        }
        const [{width, height}] = bitmaps;
        discardReady();
        size = [width, height];
        ready.push({message: {...message, width, height}, bitmaps});
    }

    async function decodeParts(message)
    {
        const fits = size && !message.first && size[0] === message.width && size[1] === message.height;
        const bitmaps = fits && await decodeAll(message.jpegs).catch(() => null);
        if (bitmaps) {
            ready.push({message, bitmaps});
            return;
        }
        on.undrawn(1);
        requireWhole();
    }

    /* A hidden page keeps the messages and decodes them when it becomes visible. */
    async function decode()
    {
        if (decoding)
            return;
        decoding = true;
        while (waiting.length && !document.hidden) {
            const message = waiting.shift();
            if (message.whole)
                await decodeWhole(message);
            else
                await decodeParts(message);
            if (ready.length)
                request ||= requestAnimationFrame(draw);
        }
        decoding = false;
    }

    function draw()
    {
        request = 0;
        const {message: {info, width, height, bytes, old}} = ready.at(-1);
        const aspect = info.aspect ?? 1;
        for (const {message, bitmaps} of ready) {
            if (message.whole && (canvas.width !== message.width || canvas.height !== message.height)) {
                canvas.width = message.width;
                canvas.height = message.height;
                shape = 0;
            }
            bitmaps.forEach((bitmap, i) => {
                context.drawImage(bitmap, message.jpegs[i].x, message.jpegs[i].y);
                bitmap.close();
            });
        }
        if (canvas.hidden || shape !== aspect)
            showElement(canvas, width, height, aspect);
        shape = aspect;
        if (ready.length > 1)
            on.undrawn(ready.length - 1);
        ready = [];
        /* The same frame again, sharper, says nothing about the delay. */
        const again = info.frame !== undefined && info.frame === frame;
        frame = info.frame;
        on.drawn({...info, width, height, bytes, old: old || again, at: performance.now()});
    }

    return {
        /* first: the message is the first of a connection. It may predate it, so its age says nothing about
         * the delay. */
        add(buffer, first)
        {
            const message = {...split(buffer), bytes: buffer.byteLength, first, old: first || document.hidden};
            if (first || message.whole)
                asked = false;
            if (message.whole) {
                if (waiting.length)
                    on.undrawn(waiting.length);
                waiting = [];
            }
            waiting.push(message);
            decode();
        },
        resume: decode,
    };
}
