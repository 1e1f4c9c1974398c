/*
 * A connection by WebRTC, see link.js: the offer goes by HTTP (WHEP), the pictures come as video, and
 * what a WebSocket has as text goes over the data channel "events".
 */
const GATHER_MS = 1000; /* for addresses of our own by STUN and TURN */
const ANSWER_MS = 5000; /* until the server answers, which one that is busy does late */
const WAY_MS = 2500;   /* until ICE has found a way, the answer included; link.js has 3 s for falling back */
const LATE_MS = 1500;  /* and at least this long after an answer */
const OPEN_MS = 6000;  /* and until the channel over it is open */
const DELETE_MS = 2000; /* for an answer to a good-bye */
const GONE_MS = 1500;  /* a way that was lost may come back within this */

export const canRtc = 'RTCPeerConnection' in window &&
    'requestVideoFrameCallback' in HTMLVideoElement.prototype;

/* When there are all addresses, or time is up: what is missing would be of servers that don't answer. */
function gathered(peer)
{
    return new Promise(done => {
        const timer = setTimeout(done, GATHER_MS);
        const look = () => {
            if (peer.iceGatheringState !== 'complete')
                return;
            clearTimeout(timer);
            done();
        };
        peer.addEventListener('icegatheringstatechange', look);
        look();
    });
}

/* What has changed since the last look, which then is the last one. */
function createDifference()
{
    const last = {};
    return (name, value = 0) => {
        const more = value - (last[name] ?? 0);
        last[name] = value;
        return more;
    };
}

export function openRtc(here, on, {iceServers = []})
{
    const peer = new RTCPeerConnection({iceServers, bundlePolicy: 'max-bundle'});
    const channel = peer.createDataChannel('events');
    const abort = new AbortController();
    const since = createDifference();
    let place = null; /* URL of this connection at the server */
    const began = performance.now();
    let timer = setTimeout(lose, ANSWER_MS, 'no answer came');

    /* Which has it closed. */
    function lose(why)
    {
        on.lost(why, false);
    }

    /* When told is kept, if it is a promise. */
    function close(told)
    {
        place = null;
        clearTimeout(timer);
        removeEventListener('pagehide', leave);
        peer.onconnectionstatechange = peer.oniceconnectionstatechange = peer.ontrack = null;
        channel.onopen = channel.onmessage = channel.onclose = null;
        abort.abort();
        if (told)
            told.finally(() => peer.close());
        else
            peer.close();
    }

    /* The server would find out by itself, but later; and if it did sooner it would not know the place.
     * A page that is left can't wait. */
    function leave(event)
    {
        const told = place && fetch(place, {method: 'DELETE', keepalive: true,
                                            signal: AbortSignal.timeout(DELETE_MS)}).catch(() => {});
        close(!event && told);
    }

    async function signal()
    {
        peer.addTransceiver('video', {direction: 'recvonly'});
        await peer.setLocalDescription();
        /* Addresses of this machine itself are none that browsers tell; the server sees where we
         * come from. */
        if (iceServers.length)
            await gathered(peer);
        const answer = await fetch(new URL(`whep${location.search}`, here), {
            method: 'POST',
            headers: {'Content-Type': 'application/sdp'},
            body: peer.localDescription.sdp,
            signal: abort.signal,
        });
        if (answer.status !== 201)
            throw new Error(`the server says ${answer.status}`);
        place = new URL(answer.headers.get('Location'), answer.url);
        const sdp = await answer.text();
        clearTimeout(timer);
        timer = setTimeout(lose, Math.max(LATE_MS, began + WAY_MS - performance.now()), 'no way was found');
        await peer.setRemoteDescription({type: 'answer', sdp});
    }

    peer.ontrack = ({track, receiver}) => {
        /* The newest at once: smoothness is the network's affair. */
        if ('jitterBufferTarget' in receiver)
            receiver.jitterBufferTarget = 0;
        if ('playoutDelayHint' in receiver)
            receiver.playoutDelayHint = 0;
        on.stream(new MediaStream([track]));
    };

    peer.oniceconnectionstatechange = () => {
        const opening = channel.readyState === 'connecting';
        switch (peer.iceConnectionState) {
        case 'connected':
        case 'completed':
            clearTimeout(timer);
            if (opening)
                timer = setTimeout(lose, OPEN_MS, 'it did not open');
            break;
        case 'disconnected':
            clearTimeout(timer);
            timer = setTimeout(lose, GONE_MS, 'the way was lost');
            break;
        case 'failed':
            lose(opening ? 'no way was found' : 'the way was lost');
        }
    };
    peer.onconnectionstatechange = () => {
        if (peer.connectionState === 'failed')
            lose('it was not to be trusted');
    };
    channel.onopen = () => {
        clearTimeout(timer);
        on.open({name: 'WebRTC', more: ''});
    };
    channel.onmessage = ({data}) => on.message(data);
    channel.onclose = () => {
        place = null; /* by the server */
        lose('');
    };
    addEventListener('pagehide', leave);
    signal().catch(error => {
        if (!abort.signal.aborted)
            lose(error.message);
    });

    async function look()
    {
        const report = await peer.getStats();
        const all = [...report.values()];
        const video = all.find(s => s.type === 'inbound-rtp' && s.kind === 'video');
        const transport = all.find(s => s.type === 'transport');
        const pair = report.get(transport?.selectedCandidatePairId)
            ?? all.find(s => s.type === 'candidate-pair' && s.nominated);
        if (!video || !pair || abort.signal.aborted)
            return;
        const kinds = [pair.localCandidateId, pair.remoteCandidateId].map(id => report.get(id)?.candidateType);
        const codec = report.get(video.codecId)?.mimeType.replace('video/', '');
        const emitted = since('emitted', video.jitterBufferEmittedCount);
        const buffered = since('buffered', video.jitterBufferDelay);
        on.measured({
            bytes: since('bytes', video.bytesReceived),
            late: since('dropped', video.framesDropped),
            buffer: emitted ? buffered / emitted * 1000 : undefined,
            trip: pair.currentRoundTripTime * 1000,
            more: [codec, kinds.includes('relay') ? 'relayed' : ''].filter(Boolean).join(', '),
        });
    }

    return {
        answers: true,

        send(text)
        {
            if (channel.readyState === 'open')
                channel.send(text);
        },

        close: () => leave(),
        look,
    };
}
