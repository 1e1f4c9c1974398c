/*
 * The MJPEG transport, see connection.js, for proxies that forward nothing else. It receives images
 * from stream.mjpg and sends nothing, so this viewer never has control, and the server's clock stays
 * unknown.
 */
import {readJpeg} from './jpeg.js';

const HEADER_MAX = 1024;    /* bytes of a part's header */
const IMAGE_MAX = 1 << 30;  /* bytes */

/* Splits a byte stream into headers and bodies. */
function createParser(reader)
{
    let buffered = new Uint8Array();

    async function more()
    {
        const {done, value} = await reader.read();
        if (done)
            throw new Error('the server ended the stream');
        return value;
    }

    return {
        /* Text up to the next empty line. */
        async header()
        {
            for (;;) {
                const text = String.fromCharCode(...buffered.subarray(0, HEADER_MAX));
                const end = text.indexOf('\r\n\r\n');
                if (end >= 0) {
                    buffered = buffered.subarray(end + 4);
                    return text.slice(0, end);
                }
                if (buffered.length >= HEADER_MAX)
                    throw new Error('this is not an MJPEG stream');
                const next = await more();
                const both = new Uint8Array(buffered.length + next.length);
                both.set(buffered);
                both.set(next, buffered.length);
                buffered = both;
            }
        },

        async body(size)
        {
            const out = new Uint8Array(size);
            for (let at = 0; at < size;) {
                buffered = buffered.length ? buffered : await more();
                const piece = buffered.subarray(0, size - at);
                out.set(piece, at);
                at += piece.length;
                buffered = buffered.subarray(piece.length);
            }
            return out.buffer;
        },
    };
}

export function openMjpeg(here, on)
{
    const abort = new AbortController();

    async function run()
    {
        const answer = await fetch(new URL(`stream.mjpg${location.search}`, here),
                                   {cache: 'no-store', signal: abort.signal});
        if (!answer.ok)
            throw new Error(`the server answers ${answer.status}`);
        const parser = createParser(answer.body.getReader());
        on.open({name: 'MJPEG', details: 'view only'});
        for (let last = '';;) {
            const size = Number(/\r\nContent-Length: (\d+)/i.exec(await parser.header())?.[1]);
            if (!(size <= IMAGE_MAX))
                throw new Error('this is not an MJPEG stream');
            const image = await parser.body(size);
            /* The server repeats the last image of a scene that does not move. */
            const {seq, captured} = readJpeg(image);
            if (seq === undefined || `${seq} ${captured}` !== last)
                on.packet(image);
            last = `${seq} ${captured}`;
        }
    }

    run().catch(error => {
        if (!abort.signal.aborted)
            on.lost(error instanceof TypeError ? '' : error.message, false);
    });
    return {answers: false, send() {}, close: () => abort.abort()};
}
