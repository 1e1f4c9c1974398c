/*
 * JPEGs on a canvas. What is old is never shown: one is being decoded, off the main thread, and one
 * waits; a newer one takes its place. Of the decoded ones only the newest is drawn, when the browser
 * draws.
 */
import {readJpeg} from './jpeg.js';

/* Has the element of the picture show this one of its children, whose picture has this size. */
export function showPart(part, width, height)
{
    const {style} = part.parentElement;
    style.setProperty('--wide', width);
    style.setProperty('--high', height);
    for (const one of part.parentElement.children)
        one.hidden = one !== part;
    part.parentElement.hidden = false;
}

/* on: drawn({seq, event, captured, quality, sampling, width, height, bytes, old, at}), broken(),
 * late(1): one that came was not drawn. */
export function createView(canvas, on)
{
    const context = canvas.getContext('2d', {alpha: false});
    let waiting = null; /* newest JPEG, not yet decoded */
    let decoding = false;
    let ready = null;   /* newest decoded picture, not yet drawn */
    let frame = 0;      /* animation frame asked for */

    /* A hidden page keeps the newest JPEG and looks at it when it is seen again. */
    async function decode()
    {
        if (decoding)
            return;
        decoding = true;
        while (waiting && !document.hidden) {
            const {buffer, old} = waiting;
            waiting = null;
            let bitmap;
            try {
                bitmap = await createImageBitmap(new Blob([buffer], {type: 'image/jpeg'}));
            } catch {
                on.broken();
                continue;
            }
            if (ready) {
                ready.bitmap.close();
                on.late(1);
            }
            ready = {bitmap, old, buffer};
            frame ||= requestAnimationFrame(draw);
        }
        decoding = false;
    }

    function draw()
    {
        frame = 0;
        const {bitmap, old, buffer} = ready;
        const {width, height} = bitmap;
        ready = null;
        if (canvas.width !== width || canvas.height !== height || canvas.hidden) {
            canvas.width = width;
            canvas.height = height;
            showPart(canvas, width, height);
        }
        context.drawImage(bitmap, 0, 0);
        bitmap.close();
        on.drawn({...readJpeg(buffer), width, height, bytes: buffer.byteLength, old,
                  at: performance.now()});
    }

    return {
        /* old: it may have been made before we looked, so it tells nothing of the delay. */
        arrive(buffer, old)
        {
            if (waiting)
                on.late(1);
            waiting = {buffer, old: old || document.hidden};
            decode();
        },
        look: decode,
    };
}
