/*
 * The live list of streams. Visible streams get their newest image once per second, all streams their
 * status. Uses snapshots instead of MJPEG, because a browser opens only six connections to a server.
 * A hidden page requests nothing.
 */
import {readJpeg} from './jpeg.js';
import {stallReason} from './writers.js';

const ROUND_MS = 1000;  /* between two images of a stream */
const PARALLEL = 4;     /* simultaneous image requests */
const WAIT_ROUNDS = 8;  /* maximum between two requests for a stream without images */
const RATE_MS = 4000;   /* period over which rates are measured */
const STILL_MS = 2500;  /* without a new frame for this long a stream is still */

const WORDS = {live: 'Live', still: 'Still', stalled: 'Stalled', empty: 'No picture yet', removed: 'Removed',
               unknown: 'No connection'};

const status = document.getElementById('status');
const cards = new Map(); /* by the stream's address relative to the list */
let timer = 0, busy = false;

for (const item of document.querySelectorAll('#streams li')) {
    const link = item.querySelector('a');
    const image = new Image();
    image.alt = '';
    image.hidden = true;
    item.querySelector('.thumb').replaceChildren(image);
    cards.set(link.getAttribute('href'), {
        item, link, image, facts: item.querySelector('.facts'),
        visible: false, tag: '', url: '', waits: 0, wait: 0, counts: [], movedAt: 0, state: '',
    });
}

const observer = new IntersectionObserver(entries => {
    for (const {target, isIntersecting} of entries)
        cards.get(target.querySelector('a').dataset.address).visible = isIntersecting;
    runRound();
}, {rootMargin: '120px'});
for (const [address, card] of cards) {
    card.link.dataset.address = address; /* the link of a removed stream loses its href */
    observer.observe(card.item);
}

function count(number, word)
{
    return `${number} ${word}${number === 1 ? '' : 's'}`;
}

/* detail: follows the word for the state. */
function show(card, state, facts = [], detail = '')
{
    card.state = state;
    card.item.dataset.state = state;
    const text = [WORDS[state] + (detail && `: ${detail}`), ...facts].join(' · ');
    if (card.facts.textContent !== text)
        card.facts.textContent = text;
}

/* Frames per second, or packets per second for a stream that only carries packets. */
function rate(card, stream, now)
{
    const total = stream.frames || stream.pictures;
    const last = card.counts.at(-1);
    if (last && total < last.total) /* the stream was replaced */
        card.counts.length = 0;
    if (last && total !== last.total)
        card.movedAt = now;
    card.counts.push({now, total});
    while (card.counts.length > 2 && card.counts[1].now <= now - RATE_MS)
        card.counts.shift();
    const first = card.counts[0];
    return now > first.now ? (total - first.total) * 1000 / (now - first.now) : 0;
}

function update(card, stream)
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
    const live = card.movedAt && now - card.movedAt < STILL_MS;
    if (live && stream.frames)
        facts.push(`${frames < 9.5 ? frames.toFixed(1) : Math.round(frames)}/s`);
    facts.push(count(stream.viewers, 'viewer'));
    const reason = live || !stream.newest ? '' : stallReason(stream.writers);
    show(card, live ? 'live' : !stream.newest ? 'empty' : reason ? 'stalled' : 'still', facts, reason);
}

async function loadImage(card)
{
    const answer = await fetch(`${card.link.dataset.address}snapshot.jpg`,
                               {cache: 'no-store', headers: card.tag ? {'if-none-match': card.tag} : {}});
    card.waits = answer.status === 503 ? Math.min(2 * card.waits + 1, WAIT_ROUNDS) : 0;
    card.wait = card.waits;
    if (answer.status !== 200)
        return;
    const jpeg = await answer.blob();
    const {aspect} = readJpeg(await jpeg.arrayBuffer());
    const url = URL.createObjectURL(jpeg);
    const image = new Image();
    image.alt = '';
    image.src = url;
    try {
        await image.decode();
    } catch {
        URL.revokeObjectURL(url);
        return;
    }
    image.className = aspect ? 'shaped' : '';
    image.style.setProperty('--shape', image.naturalWidth * aspect / image.naturalHeight);
    card.image.replaceWith(image);
    URL.revokeObjectURL(card.url);
    Object.assign(card, {image, url, tag: answer.headers.get('etag') ?? ''});
}

async function loadImages()
{
    const queue = [...cards.values()].filter(card =>
        card.visible && card.state !== 'removed' && (!card.wait || !card.wait--));
    const worker = async () => {
        for (let card; (card = queue.shift()) && !document.hidden;)
            await loadImage(card).catch(() => {}); /* the next status request reports the failure */
    };
    await Promise.all(Array.from({length: PARALLEL}, worker));
}

async function refresh()
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
            if (card.state !== 'removed')
                show(card, 'unknown');
        status.textContent = 'No connection to the server';
        return;
    }
    const found = new Map(streams.map(stream => [stream.url, stream]));
    for (const [address, card] of cards)
        update(card, found.get(address));
    const live = streams.filter(stream => stream.live).length;
    const text = `${count(live, 'stream')}`;
    if (status.textContent !== text)
        status.textContent = text;
    await loadImages();
}

async function runRound()
{
    if (busy || document.hidden)
        return;
    clearTimeout(timer);
    busy = true;
    const started = performance.now();
    await refresh();
    busy = false;
    timer = setTimeout(runRound, Math.max(0, ROUND_MS - (performance.now() - started)));
}

document.addEventListener('visibilitychange', runRound);
runRound();
