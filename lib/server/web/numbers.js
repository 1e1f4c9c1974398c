/*
 * How well it goes: counts and delays of the last seconds.
 *
 * frame → screen is by the server's clock. input → picture: right after an event goes a ping, whose
 * pong tells the event's number in the log; the first picture that shows an event with this number
 * or a later one ends the measurement. One runs at a time.
 */
const RATES_MS = 2000;
const DELAYS_MS = 5000;
const GIVE_UP_MS = 3000; /* no picture showed the event: it changed nothing */

/* Entries of the last few seconds. */
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

/* {median, p95}, or null when there is nothing. */
export function spread(values)
{
    const sorted = [...values].sort((a, b) => a - b);
    const at = q => Math.max(0, sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]);
    return sorted.length ? {median: at(0.5), p95: at(0.95)} : null;
}

const sum = values => values.reduce((a, b) => a + b, 0);

export function createNumbers(link)
{
    const bytes = createWindow(RATES_MS), pictures = createWindow(RATES_MS);
    const screen = createWindow(DELAYS_MS), input = createWindow(DELAYS_MS);
    const missed = createWindow(DELAYS_MS), late = createWindow(DELAYS_MS);
    let since = performance.now();
    let last = null;    /* picture */
    let running = null; /* {when, t, strong, event}; event: null until the pong is there */
    let shown = [];     /* {at, event} of the last pictures */

    function finish()
    {
        const end = running?.event && shown.find(s => s.event >= running.event && s.at >= running.when);
        if (!end)
            return;
        input.add(end.at, end.at - running.when);
        running = null;
    }

    return {
        received: size => bytes.add(performance.now(), size),
        late: count => late.add(performance.now(), count),

        /* A picture as view.js tells of it. */
        drawn(picture)
        {
            const offset = link.clockOffset();
            pictures.add(picture.at, 1);
            if (picture.captured && offset !== undefined && !picture.old)
                screen.add(picture.at, picture.at + offset - picture.captured);
            /* Numbers begin again with a stream that replaces another. */
            if (last?.seq && picture.seq > last.seq)
                missed.add(picture.at, picture.seq - last.seq - 1);
            last = picture;
            if (picture.event) {
                shown.push(picture);
                shown = shown.slice(-32);
                finish();
            }
        },

        /* The next picture's number has nothing to do with the last one's. */
        another: () => (last = last && {...last, seq: 0}),

        /* An event was sent that the user made at when. strong: it surely shows. */
        sent(when, strong)
        {
            if (running && performance.now() - running.when < GIVE_UP_MS && !(strong && !running.strong))
                return;
            running = {when, strong, event: null, t: link.ping()};
        },

        pong(message)
        {
            if (!running || message.t !== running.t)
                return;
            if (message.event) {
                running.event = message.event;
                finish();
            } else {
                running = null;
            }
        },

        clear()
        {
            for (const w of [bytes, pictures, screen, input, missed, late])
                w.clear();
            since = performance.now();
            last = running = null;
            shown = [];
        },

        /* Of now. rate is a second, data bytes a second; what isn't known is null. */
        read()
        {
            const now = performance.now();
            const seconds = Math.min(now - since, RATES_MS) / 1000;
            const drawn = pictures.values(now).length;
            const notDrawn = sum(late.values(now));
            return {
                rate: drawn / seconds,
                data: sum(bytes.values(now)) / seconds,
                screen: spread(screen.values(now)),
                input: spread(input.values(now)),
                notDrawn,
                notSent: Math.max(0, sum(missed.values(now)) - notDrawn),
                last,
            };
        },
    };
}
