/*
 * The list of streams, live: what is in sight gets its newest picture once a second, whatever is
 * known of the others. Snapshots and no MJPEG: a browser has six connections to a server. Nothing
 * is asked for while the page is hidden.
 */
const ROUND_MS = 1000;  /* between two pictures of a stream */
const AT_ONCE = 4;      /* pictures on their way */
const WAIT_ROUNDS = 8;  /* a stream without any picture is asked every so many rounds */
const RATE_MS = 4000;   /* a rate is counted over so long */
const STILL_MS = 2500;  /* without a new frame for so long a stream stands still */

const WORDS = {live: 'Live', still: 'Still', empty: 'No picture yet', removed: 'Removed',
               unknown: 'No connection'};

const status = document.getElementById('status');
const cards = new Map(); /* by the address in the list */
let timer = 0, busy = false;

for (const item of document.querySelectorAll('#streams li')) {
    const link = item.querySelector('a');
    const image = new Image();
    image.alt = '';
    image.hidden = true;
    item.querySelector('.thumb').replaceChildren(image);
    cards.set(link.getAttribute('href'), {
        item, link, image, facts: item.querySelector('.facts'),
        inSight: false, tag: '', url: '', waits: 0, wait: 0, counts: [], moved: 0, is: '',
    });
}

const observer = new IntersectionObserver(entries => {
    for (const {target, isIntersecting} of entries)
        cards.get(target.querySelector('a').dataset.at).inSight = isIntersecting;
    round();
}, {rootMargin: '120px'});
for (const [at, card] of cards) {
    card.link.dataset.at = at; /* a removed stream's link loses its href */
    observer.observe(card.item);
}

function count(number, word)
{
    return `${number} ${word}${number === 1 ? '' : 's'}`;
}

function show(card, is, facts = [])
{
    card.is = is;
    card.item.dataset.is = is;
    const text = [WORDS[is], ...facts].join(' · ');
    if (card.facts.textContent !== text)
        card.facts.textContent = text;
}

/* Frames a second, or pictures where no frames are in the stream, as of a second quality. */
function rate(card, stream, now)
{
    const total = stream.frames || stream.pictures;
    const last = card.counts.at(-1);
    if (last && total < last.total) /* replaced */
        card.counts.length = 0;
    if (last && total !== last.total)
        card.moved = now;
    card.counts.push({now, total});
    while (card.counts.length > 2 && card.counts[1].now <= now - RATE_MS)
        card.counts.shift();
    const first = card.counts[0];
    return now > first.now ? (total - first.total) * 1000 / (now - first.now) : 0;
}

function tell(card, stream)
{
    if (!stream?.live) {
        card.link.removeAttribute('href');
        show(card, 'removed');
        return;
    }
    const now = performance.now();
    const frames = rate(card, stream, now);
    const facts = [];
    if (stream.newest)
        facts.push(`${stream.newest.width} × ${stream.newest.height}`);
    const live = card.moved && now - card.moved < STILL_MS;
    if (live && stream.frames)
        facts.push(`${frames < 9.5 ? frames.toFixed(1) : Math.round(frames)}/s`);
    facts.push(count(stream.viewers, 'viewer'));
    show(card, live ? 'live' : stream.newest ? 'still' : 'empty', facts);
}

async function draw(card)
{
    const answer = await fetch(`${card.link.dataset.at}snapshot.jpg`,
                               {cache: 'no-store', headers: card.tag ? {'if-none-match': card.tag} : {}});
    card.waits = answer.status === 503 ? Math.min(2 * card.waits + 1, WAIT_ROUNDS) : 0;
    card.wait = card.waits;
    if (answer.status !== 200)
        return;
    const url = URL.createObjectURL(await answer.blob());
    const image = new Image();
    image.alt = '';
    image.src = url;
    try {
        await image.decode();
    } catch {
        URL.revokeObjectURL(url);
        return;
    }
    card.image.replaceWith(image);
    URL.revokeObjectURL(card.url);
    Object.assign(card, {image, url, tag: answer.headers.get('etag') ?? ''});
}

async function drawAll()
{
    const due = [...cards.values()].filter(card =>
        card.inSight && card.is !== 'removed' && (!card.wait || !card.wait--));
    const worker = async () => {
        for (let card; (card = due.shift()) && !document.hidden;)
            await draw(card).catch(() => {}); /* the next round tells */
    };
    await Promise.all(Array.from({length: AT_ONCE}, worker));
}

async function look()
{
    let streams;
    try {
        const answer = await fetch('streams', {cache: 'no-store'});
        streams = answer.ok && await answer.json();
    } catch {
        streams = null;
    }
    if (!streams) {
        for (const card of cards.values())
            if (card.is !== 'removed')
                show(card, 'unknown');
        status.textContent = 'No connection to the server';
        return;
    }
    const found = new Map(streams.map(stream => [stream.url, stream]));
    for (const [at, card] of cards)
        tell(card, found.get(at));
    const live = streams.filter(stream => stream.live).length;
    const text = `${count(live, 'stream')}`;
    if (status.textContent !== text)
        status.textContent = text;
    await drawAll();
}

async function round()
{
    if (busy || document.hidden)
        return;
    clearTimeout(timer);
    busy = true;
    const begun = performance.now();
    await look();
    busy = false;
    timer = setTimeout(round, Math.max(0, ROUND_MS - (performance.now() - begun)));
}

document.addEventListener('visibilitychange', round);
round();
