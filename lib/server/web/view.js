/*
 * Draws JPEGs on a canvas, newest first. At most one JPEG is being decoded, off the main thread, and
 * one waits, which a newer one replaces. Of the decoded ones only the newest is drawn, in the next
 * animation frame.
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

/*
 * Calls on.drawn({seq, event, captured, quality, sampling, width, height, bytes, old, at}),
 * on.broken(), and on.undrawn(1) for each JPEG that a newer one replaced.
 */
export function createView(canvas, on)
{
    const context = canvas.getContext('2d', {alpha: false});
    let waiting = null; /* newest JPEG that is not decoded */
    let decoding = false;
    let ready = null;   /* newest decoded image that is not drawn */
    let request = 0;    /* pending animation frame */
    let shape = 1;      /* aspect of the last image's pixels */

    /* A hidden page keeps the newest JPEG and decodes it when it becomes visible. */
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
                on.undrawn(1);
            }
            ready = {bitmap, old, buffer};
            request ||= requestAnimationFrame(draw);
        }
        decoding = false;
    }

    function draw()
    {
        request = 0;
        const {bitmap, old, buffer} = ready;
        const {width, height} = bitmap;
        const info = readJpeg(buffer);
        const aspect = info.aspect ?? 1;
        ready = null;
        if (canvas.width !== width || canvas.height !== height || canvas.hidden || shape !== aspect) {
            canvas.width = width;
            canvas.height = height;
            shape = aspect;
            showElement(canvas, width, height, aspect);
        }
        context.drawImage(bitmap, 0, 0);
        bitmap.close();
        on.drawn({...info, width, height, bytes: buffer.byteLength, old, at: performance.now()});
    }

    return {
        /* old: the image may predate this connection, so its age says nothing about the delay. */
        add(buffer, old)
        {
            if (waiting)
                on.undrawn(1);
            waiting = {buffer, old: old || document.hidden};
            decode();
        },
        resume: decode,
    };
}
