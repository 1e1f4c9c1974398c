/* Requests video as FURY 0.12 does: an offer in JSON with all candidates, and audio that never comes. */
export async function startWebRTC(video)
{
    const peer = new RTCPeerConnection();
    peer.ontrack = ({track, streams}) => {
        if (track.kind === 'video')
            video.srcObject = streams[0];
    };
    peer.addTransceiver('video', {direction: 'recvonly'});
    peer.addTransceiver('audio', {direction: 'recvonly'});
    await peer.setLocalDescription(await peer.createOffer());
    while (peer.iceGatheringState !== 'complete')
        await new Promise(done => peer.addEventListener('icegatheringstatechange', done, {once: true}));
    const {sdp, type} = peer.localDescription;
    const answer = await fetch('/offer', {
        method: 'POST',
        headers: {'Content-Type': 'application/json'},
        /* FURY sets a bandwidth, of only 5 kbit/s. */
        body: JSON.stringify({sdp: sdp.replace(/(m=video[^]*?c=[^\r\n]*\r\n)/, '$1b=AS:5\r\n'), type}),
    });
    await peer.setRemoteDescription(await answer.json());
}
