/*
 * Pictures alone, by stream.mjpg, where a proxy passes on nothing else; see link.js. Nothing can be
 * said to the server, so nobody steers, and its clock isn't known.
 */
import {readJpeg} from './jpeg.js';

const HEAD_MOST = 1024;     /* bytes of a part's head */
const PICTURE_MOST = 1 << 30;

/* The bytes of a stream, taken in pieces of the size that is asked for. */
function createTaker(reader)
{
    let have = new Uint8Array();

    async function more()
    {
        const {done, value} = await reader.read();
        if (done)
            throw new Error('the server ended');
        return value;
    }

    return {
        /* Up to the empty line, as text. */
        async head()
        {
            for (;;) {
                const text = String.fromCharCode(...have.subarray(0, HEAD_MOST));
                const end = text.indexOf('\r\n\r\n');
                if (end >= 0) {
                    have = have.subarray(end + 4);
                    return text.slice(0, end);
                }
                if (have.length >= HEAD_MOST)
                    throw new Error('not what MJPEG looks like');
                const next = await more();
                const both = new Uint8Array(have.length + next.length);
                both.set(have);
                both.set(next, have.length);
                have = both;
            }
        },

        async body(size)
        {
            const out = new Uint8Array(size);
            for (let at = 0; at < size;) {
                have = have.length ? have : await more();
                const piece = have.subarray(0, size - at);
                out.set(piece, at);
                at += piece.length;
                have = have.subarray(piece.length);
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
            throw new Error(`the server says ${answer.status}`);
        const taker = createTaker(answer.body.getReader());
        on.open({name: 'MJPEG', more: 'pictures only'});
        for (let last = '';;) {
            const size = Number(/\r\nContent-Length: (\d+)/i.exec(await taker.head())?.[1]);
            if (!(size <= PICTURE_MOST))
                throw new Error('not what MJPEG looks like');
            const picture = await taker.body(size);
            /* Once the scene stands still its last picture comes a second time. */
            const {seq, captured} = readJpeg(picture);
            if (seq === undefined || `${seq} ${captured}` !== last)
                on.picture(picture);
            last = `${seq} ${captured}`;
        }
    }

    run().catch(error => {
        if (!abort.signal.aborted)
            on.lost(error instanceof TypeError ? '' : error.message, false);
    });
    return {answers: false, send() {}, close: () => abort.abort()};
}
