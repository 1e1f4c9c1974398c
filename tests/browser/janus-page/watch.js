/*
 * ?janus=URL&mountpoint=ID&stream=NAME: plays a mountpoint of Janus' streaming plugin, and sends pointer
 * events by WebSocket to the server of this page.
 */
const query = new URLSearchParams(location.search);
const janus = query.get('janus');
const video = document.getElementById('video');

async function ask(path, body)
{
    const answer = await fetch(janus + path, {method: 'POST',
                                              body: JSON.stringify({...body, transaction: crypto.randomUUID()})});
    const said = await answer.json();
    if (said.janus === 'error')
        throw new Error(said.error.reason);
    return said;
}

async function play()
{
    const {data: {id: session}} = await ask('', {janus: 'create'});
    const {data: {id: handle}} = await ask(`/${session}`, {janus: 'attach', plugin: 'janus.plugin.streaming'});
    const path = `/${session}/${handle}`;
    const peer = window.peer = new RTCPeerConnection();
    peer.ontrack = ({streams}) => (video.srcObject = streams[0]);
    await ask(path, {janus: 'message', body: {request: 'watch', id: Number(query.get('mountpoint'))}});
    for (;;) {
        const {jsep} = await (await fetch(`${janus}/${session}?maxev=1`)).json();
        if (jsep) {
            await peer.setRemoteDescription(jsep);
            await peer.setLocalDescription();
            await ask(path, {janus: 'message', body: {request: 'start'}, jsep: peer.localDescription});
        }
    }
}

const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/${query.get('stream')}/ws`);
const TYPES = {pointerdown: 'pointer_down', pointermove: 'pointer_move', pointerup: 'pointer_up'};
for (const [heard, type] of Object.entries(TYPES))
    video.addEventListener(heard, e => socket.send(JSON.stringify({
        type, x: e.offsetX / video.clientWidth, y: e.offsetY / video.clientHeight,
        button: e.button + 1})));
play();
