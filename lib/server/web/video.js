/*
 * A stream of pictures in a <video>. Which frame one of them is, and when it was captured, the server
 * tells in notes of its own, {seq, event, t, rtp}; rtp is the RTP timestamp that the browser knows of
 * what it shows. The note may come before its picture or behind it.
 */
import {showPart} from './view.js';

const NOTES = 128; /* that wait for their pictures, some of which are never shown */

/* on: drawn({seq, event, captured, width, height, old, at}) as of view.js, with what is known. */
export function createVideo(video, on)
{
    const notes = new Map(); /* rtp → note */
    let waiting = null;      /* picture whose note isn't here yet */
    let noted = false;       /* this stream has notes */
    let seq = 0;             /* of the last picture */
    let call = 0;            /* frame's, that was asked for */
    let size = '';

    function tell(picture, note)
    {
        /* While the scene stands still its last frame is sent again, and better each time. */
        if (note && note.seq === seq)
            return;
        seq = note?.seq ?? 0;
        on.drawn({...picture, seq: note?.seq, event: note?.event, captured: note && note.t * 1000});
    }

    function settle()
    {
        if (waiting)
            tell(waiting);
        waiting = null;
    }

    function shown(now, {width, height, rtpTimestamp: rtp})
    {
        call = video.requestVideoFrameCallback(shown);
        settle();
        if (video.hidden || size !== `${width} ${height}`)
            showPart(video, width, height);
        size = `${width} ${height}`;
        const picture = {width, height, old: document.hidden, at: performance.now()};
        const note = notes.get(rtp);
        waiting = {...picture, rtp};
        if (note || !noted || rtp === undefined) {
            waiting = null;
            tell(picture, note);
        }
    }

    return {
        /* null: none any more; what was shown last stays to be seen. */
        play(stream)
        {
            settle();
            notes.clear();
            noted = false;
            seq = 0;
            video.cancelVideoFrameCallback(call);
            if (!stream) {
                video.pause(); /* or the end of the track would be a black picture */
                return;
            }
            call = video.requestVideoFrameCallback(shown);
            video.srcObject = stream;
            /* Out of sight it wouldn't begin by itself. It fails when another one takes its place. */
            video.play().catch(() => {});
        },

        note(note)
        {
            noted = true;
            notes.set(note.rtp, note);
            if (notes.size > NOTES)
                notes.delete(notes.keys().next().value);
            if (waiting?.rtp !== note.rtp)
                return;
            tell(waiting, note);
            waiting = null;
        },
    };
}
