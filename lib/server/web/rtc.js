/*
 * The WebRTC transport, see connection.js. The offer goes to the server by HTTP (WHEP), frames arrive
 * as video, and the data channel "events" carries the text messages of the WebSocket.
 */
const GATHER_MS = 1000;     /* limit for candidates of our own from STUN and TURN */
const ANSWER_MS = 5000;     /* limit for the server's answer, which may be late when it is busy */
const ICE_MS = 2500;        /* limit for ICE, including the answer: a fallback starts within 3 s */
const ICE_MIN_MS = 1500;    /* minimum left for ICE after a late answer */
const OPEN_MS = 6000;       /* limit for the data channel once ICE is connected */
const DELETE_MS = 2000;     /* limit for the DELETE request on leaving */
const RECOVER_MS = 1500;    /* limit for a lost route to recover */

export const canRtc = 'RTCPeerConnection' in window &&
    'requestVideoFrameCallback' in HTMLVideoElement.prototype;

/* Resolves when all candidates are known, or after GATHER_MS if a STUN or TURN server is silent. */
function gathered(peer)
{
    return new Promise(done => {
        const timer = setTimeout(done, GATHER_MS);
        const check = () => {
            if (peer.iceGatheringState !== 'complete')
                return;
            clearTimeout(timer);
            done();
        };
        peer.addEventListener('icegatheringstatechange', check);
        check();
    });
}

/* Returns a function that returns by how much the named counter grew since its last call. */
function createDeltas()
{
    const last = {};
    return (name, value = 0) => {
        const delta = value - (last[name] ?? 0);
        last[name] = value;
        return delta;
    };
}

export function openRtc(here, on, {iceServers = []})
{
    const peer = new RTCPeerConnection({iceServers, bundlePolicy: 'max-bundle'});
    const channel = peer.createDataChannel('events');
    const abort = new AbortController();
    const delta = createDeltas();
    let resource = null; /* URL of this connection on the server */
    const started = performance.now();
    let timer = setTimeout(lose, ANSWER_MS, 'the server did not answer');

    /* The caller then closes this transport. */
    function lose(reason)
    {
        on.lost(reason, false);
    }

    /* deleted: a promise to wait for, if any. */
    function close(deleted)
    {
        resource = null;
        clearTimeout(timer);
        removeEventListener('pagehide', leave);
        peer.onconnectionstatechange = peer.oniceconnectionstatechange = peer.ontrack = null;
        channel.onopen = channel.onmessage = channel.onclose = null;
        abort.abort();
        if (deleted)
            deleted.finally(() => peer.close());
        else
            peer.close();
    }

    /* Without the DELETE the server would notice later; a DELETE after it noticed would find nothing.
     * A page that is being left cannot wait for the answer. */
    function leave(event)
    {
        const deleted = resource && fetch(resource, {method: 'DELETE', keepalive: true,
                                                     signal: AbortSignal.timeout(DELETE_MS)}).catch(() => {});
        close(!event && deleted);
    }

    async function connect()
    {
        peer.addTransceiver('video', {direction: 'recvonly'});
        await peer.setLocalDescription();
        /* Host candidates are useless: browsers hide them, and the server sees our address anyway. */
        if (iceServers.length)
            await gathered(peer);
        const answer = await fetch(new URL(`whep${location.search}`, here), {
            method: 'POST',
            headers: {'Content-Type': 'application/sdp'},
            body: peer.localDescription.sdp,
            signal: abort.signal,
        });
        if (answer.status !== 201)
            throw new Error(`the server answers ${answer.status}`);
        resource = new URL(answer.headers.get('Location'), answer.url);
        const sdp = await answer.text();
        clearTimeout(timer);
        timer = setTimeout(lose, Math.max(ICE_MIN_MS, started + ICE_MS - performance.now()), 'no route was found');
        await peer.setRemoteDescription({type: 'answer', sdp});
    }

    peer.ontrack = ({track, receiver}) => {
        /* Lowest delay: show each frame at once rather than smoothly. */
        if ('jitterBufferTarget' in receiver)
            receiver.jitterBufferTarget = 0;
        if ('playoutDelayHint' in receiver)
            receiver.playoutDelayHint = 0;
        on.media(new MediaStream([track]));
    };

    peer.oniceconnectionstatechange = () => {
        const opening = channel.readyState === 'connecting';
        switch (peer.iceConnectionState) {
        case 'connected':
        case 'completed':
            clearTimeout(timer);
            if (opening)
                timer = setTimeout(lose, OPEN_MS, 'the data channel did not open');
            break;
        case 'disconnected':
            clearTimeout(timer);
            timer = setTimeout(lose, RECOVER_MS, 'the route was lost');
            break;
        case 'failed':
            lose(opening ? 'no route was found' : 'the route was lost');
        }
    };
    peer.onconnectionstatechange = () => {
        if (peer.connectionState === 'failed')
            lose('encryption failed');
    };
    channel.onopen = () => {
        clearTimeout(timer);
        on.open({name: 'WebRTC', details: ''});
    };
    channel.onmessage = ({data}) => on.message(data);
    channel.onclose = () => {
        resource = null; /* the server closed it */
        lose('');
    };
    addEventListener('pagehide', leave);
    connect().catch(error => {
        if (!abort.signal.aborted)
            lose(error.message);
    });

    async function measure()
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
        const emitted = delta('emitted', video.jitterBufferEmittedCount);
        const buffered = delta('buffered', video.jitterBufferDelay);
        on.measured({
            bytes: delta('bytes', video.bytesReceived),
            undrawn: delta('dropped', video.framesDropped),
            buffer: emitted ? buffered / emitted * 1000 : undefined,
            details: [codec, kinds.includes('relay') ? 'relayed' : ''].filter(Boolean).join(', '),
        });
    }

    return {
        answers: true,
        watched: true,

        send(text)
        {
            if (channel.readyState === 'open')
                channel.send(text);
        },

        close: () => leave(),
        measure,
    };
}
