/*
 * Statistics of the last few seconds: rates, delays, dropped frames.
 *
 * Frame delay, from capture to drawing, uses the server's clock. For input delay a ping follows the
 * event at once; its pong carries the event's number in the log, and the first frame that shows this
 * event or a later one ends the measurement. Only one measurement runs at a time.
 */
const RATES_MS = 2000;
const DELAYS_MS = 5000;
const GIVE_UP_MS = 3000; /* no frame showed the event: it changed nothing */

/* Values of the last span milliseconds. */
function createWindow(span)
{
    let entries = [];
    return {
        add: (at, value) => entries.push({at, value}),
        values(now) {
            entries = entries.filter(e => e.at > now - span);
            return entries.map(e => e.value);
        },
        clear: () => (entries = []),
    };
}

/* {median, p95}, or null without values. */
export function percentiles(values)
{
    const sorted = [...values].sort((a, b) => a - b);
    const at = q => Math.max(0, sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]);
    return sorted.length ? {median: at(0.5), p95: at(0.95)} : null;
}

const sum = values => values.reduce((a, b) => a + b, 0);

export function createStats(connection)
{
    const bytes = createWindow(RATES_MS), frames = createWindow(RATES_MS);
    const frameDelays = createWindow(DELAYS_MS), inputDelays = createWindow(DELAYS_MS);
    const missed = createWindow(DELAYS_MS), undrawn = createWindow(DELAYS_MS);
    let since = performance.now();
    let last = null;        /* latest frame */
    let measurement = null; /* {when, t, strong, event}; event is null until the pong arrives */
    let recent = [];        /* latest frames that report an event */

    function finishMeasurement()
    {
        const end = measurement?.event &&
            recent.find(f => f.event >= measurement.event && f.at >= measurement.when);
        if (!end)
            return;
        inputDelays.add(end.at, end.at - measurement.when);
        measurement = null;
    }

    return {
        received: size => bytes.add(performance.now(), size),
        undrawn: count => undrawn.add(performance.now(), count),

        /* frame: as view.js reports it. */
        drawn(frame)
        {
            const offset = connection.clockOffset();
            frames.add(frame.at, 1);
            /* A sharpened or repeated picture shows the same frame once more. */
            if (frame.captured && frame.captured !== last?.captured && offset !== undefined && !frame.old)
                frameDelays.add(frame.at, frame.at + offset - frame.captured);
            /* Numbers restart in a stream that replaces another. */
            if (last?.seq && frame.seq > last.seq)
                missed.add(frame.at, frame.seq - last.seq - 1);
            last = frame;
            if (frame.event) {
                recent.push(frame);
                recent = recent.slice(-32);
                finishMeasurement();
            }
        },

        /* The number of the next frame does not continue those before it. */
        sequenceBreak: () => (last = last && {...last, seq: 0}),

        /* An event was sent; the user caused it at time when. strong: it surely changes the picture. */
        sent(when, strong)
        {
            if (measurement && performance.now() - measurement.when < GIVE_UP_MS &&
                !(strong && !measurement.strong))
                return;
            measurement = {when, strong, event: null, t: connection.ping()};
        },

        pong(message)
        {
            if (!measurement || message.t !== measurement.t)
                return;
            if (message.event) {
                measurement.event = message.event;
                finishMeasurement();
            } else {
                measurement = null;
            }
        },

        clear()
        {
            for (const w of [bytes, frames, frameDelays, inputDelays, missed, undrawn])
                w.clear();
            since = performance.now();
            last = measurement = null;
            recent = [];
        },

        /* Current values: rate in frames and data in bytes per second; null for unknown ones. */
        read()
        {
            const now = performance.now();
            const seconds = Math.min(now - since, RATES_MS) / 1000;
            const notDrawn = sum(undrawn.values(now));
            return {
                rate: frames.values(now).length / seconds,
                data: sum(bytes.values(now)) / seconds,
                frameDelay: percentiles(frameDelays.values(now)),
                inputDelay: percentiles(inputDelays.values(now)),
                notDrawn,
                notSent: Math.max(0, sum(missed.values(now)) - notDrawn),
                last,
            };
        },
    };
}
