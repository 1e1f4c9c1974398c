/* Reads the header of a JPEG. */

const LUMA_SUM = 3688; /* of the standard's luminance table, which encoders scale by quality */

/* The libjpeg quality, approximately, of an 8-bit quantisation table. */
function qualityOf(table)
{
    const scale = table.reduce((sum, x) => sum + x, 0) / LUMA_SUM * 100;
    return Math.round(Math.max(1, scale > 100 ? 5000 / scale : 100 - scale / 2));
}

/* By the sampling factors of the first component, if the others have 1x1. */
const SAMPLINGS = {0x11: '4:4:4', 0x21: '4:2:2', 0x22: '4:2:0'};

/* Width of a pixel divided by its height, from "16:11"; 1 if it is not specified. */
function aspectOf(text)
{
    const [width, height] = (text ?? '').split(':').map(Number);
    return width > 0 && height > 0 ? width / height : 1;
}

/* The place of a part in a picture, see shmcast-web(7). */
function partOf({part, x, y, bytes, of})
{
    if (part === undefined)
        return undefined;
    const [, count] = part.split('/').map(Number), [width, height] = (of ?? '').split('x').map(Number);
    return {count, x: Number(x), y: Number(y), bytes: Number(bytes), width, height};
}

/*
 * Returns {seq, frame, event, captured, aspect, part} of our comment, captured in ms, and {quality,
 * sampling}, of the JPEG that begins there; undefined where missing. Does not check that the JPEG is
 * complete: that is up to the decoder.
 */
export function readJpeg(buffer, start = 0)
{
    const bytes = new DataView(buffer);
    const out = {};
    for (let at = start + 2; at + 4 <= bytes.byteLength;) {
        const marker = bytes.getUint16(at);
        const length = bytes.getUint16(at + 2);
        if (marker < 0xffc0 || marker === 0xffda || length < 2 || at + 2 + length > bytes.byteLength)
            break;
        const body = new Uint8Array(buffer, at + 4, length - 2);
        if (marker === 0xfffe && out.seq === undefined) {
            const text = String.fromCharCode(...body.subarray(0, 512));
            if (text.startsWith('shmcast ')) {
                const fields = Object.fromEntries(text.split(' ').map(f => f.split('=')));
                out.seq = Number(fields.seq);
                out.frame = Number(fields.frame);
                out.event = Number(fields.event);
                out.captured = Number(fields.captured) * 1000;
                out.aspect = aspectOf(fields.aspect);
                out.part = partOf(fields);
            }
        } else if (marker === 0xffdb && body[0] === 0 && length >= 67) {
            out.quality = qualityOf(body.subarray(1, 65));
        } else if (marker >= 0xffc0 && marker <= 0xffc2 && length >= 11) {
            out.sampling = body[5] === 1 ? 'gray' : SAMPLINGS[body[7]];
        }
        at += 2 + length;
    }
    return out;
}
