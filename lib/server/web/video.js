/*
 * Shows video in a <video> element. The server identifies frames by messages of type frame,
 * {seq, event, t, rtp, aspect}; rtp is the RTP timestamp that the browser reports for a frame on
 * screen, aspect the width and height of a pixel that isn't square. The message may arrive before or
 * after its frame.
 */
import {showElement} from './view.js';

const INFO_MAX = 128; /* frame messages kept: some frames are never shown */

/* Calls on.drawn({seq, event, captured, width, height, old, at}) as view.js does, as far as known. */
export function createVideo(video, on)
{
    const infos = new Map(); /* rtp → frame message */
    let pending = null;      /* frame whose message has not arrived */
    let identified = false;  /* this stream has frame messages */
    let seq = 0;             /* of the last frame */
    let request = 0;         /* pending requestVideoFrameCallback */
    let size = [0, 0];
    let aspect = 1;          /* of a pixel */

    function report(frame, info)
    {
        /* The server resends the last frame of a scene that does not move, in increasing quality. */
        if (info && info.seq === seq)
            return;
        seq = info?.seq ?? 0;
        on.drawn({...frame, seq: info?.seq, event: info?.event, captured: info && info.t * 1000});
    }

    function reportPending()
    {
        if (pending)
            report(pending);
        pending = null;
    }

    function presented(now, {width, height, rtpTimestamp: rtp})
    {
        request = video.requestVideoFrameCallback(presented);
        reportPending();
        if (video.hidden || size[0] !== width || size[1] !== height)
            showElement(video, width, height, aspect);
        size = [width, height];
        const frame = {width, height, old: document.hidden, at: performance.now()};
        const info = infos.get(rtp);
        pending = {...frame, rtp};
        if (info || !identified || rtp === undefined) {
            pending = null;
            report(frame, info);
        }
    }

    return {
        /* media: a MediaStream, or null when it has ended: the last frame stays on screen. */
        play(media)
        {
            reportPending();
            infos.clear();
            identified = false;
            seq = 0;
            video.cancelVideoFrameCallback(request);
            if (!media) {
                video.pause(); /* or the end of the track would turn the picture black */
                return;
            }
            request = video.requestVideoFrameCallback(presented);
            video.srcObject = media;
            /* A hidden video does not start by itself. play() fails when another stream replaces this one. */
            video.play().catch(() => {});
        },

        /* info: a frame message. */
        identify(info)
        {
            const [across, down] = info.aspect ?? [1, 1];
            if (aspect !== across / down && !video.hidden)
                showElement(video, ...size, across / down);
            aspect = across / down;
            identified = true;
            infos.set(info.rtp, info);
            if (infos.size > INFO_MAX)
                infos.delete(infos.keys().next().value);
            if (pending?.rtp !== info.rtp)
                return;
            report(pending, info);
            pending = null;
        },
    };
}
