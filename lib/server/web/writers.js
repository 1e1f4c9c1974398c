/* The programs that write a stream, as the server's stats report them. */

const STATES = {gone: 'has ended', stopped: 'is stopped'};

/*
 * Why no new image will come, or '' if one may come at any time. writers: member of stats; encoded:
 * images come as packets, which an encoder writes.
 */
export function stallReason({frames, packets} = {}, encoded = true)
{
    if (STATES[frames])
        return `the drawing program ${STATES[frames]}`;
    if (encoded && STATES[packets])
        return `the encoder ${STATES[packets]}`;
    return '';
}
