/* Saves the visible picture, or a recording of it, as a file. */

const QUALITY = 0.95; /* of JPEG */
const BITRATE = 16e6; /* of recordings, bit/s */
const PART_MS = 1000; /* of a recording, which the browser may keep outside of memory */

/* 2026-11-29 12.30.05 */
function timestamp(date)
{
    const two = x => String(x).padStart(2, '0');
    const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
    return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join('.')}`;
}

function saveAs(blob, name, suffix)
{
    const link = document.createElement('a');
    link.href = URL.createObjectURL(blob);
    link.download = `${name} ${timestamp(new Date())}.${suffix}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60e3); /* the download reads it later */
}

/* source: a canvas or video; type: 'png' or 'jpeg'. Resolves to false if the source has no picture. */
export async function savePicture(source, name, type)
{
    const width = source?.videoWidth ?? source?.width;
    const height = source?.videoHeight ?? source?.height;
    if (!width || !height)
        return false;
    const copy = new OffscreenCanvas(width, height);
    copy.getContext('2d', {alpha: false}).drawImage(source, 0, 0);
    const blob = await copy.convertToBlob({type: `image/${type}`, quality: QUALITY});
    saveAs(blob, name, type === 'jpeg' ? 'jpg' : type);
    return true;
}

/* The container of recordings, or undefined if this browser cannot record. */
const container = 'MediaRecorder' in window && 'captureStream' in HTMLCanvasElement.prototype
    ? ['webm', 'mp4'].find(c => MediaRecorder.isTypeSupported(`video/${c}`)) : undefined;

export const canRecord = container !== undefined;

/* Records what a canvas or video shows, from now until the function that this returns is called, or the video
 * ends; then saves the recording and calls ended(). */
export function startRecording(source, name, ended)
{
    const media = source.srcObject ?? source.captureStream();
    const recorder = new MediaRecorder(media, {mimeType: `video/${container}`, videoBitsPerSecond: BITRATE});
    const parts = [];
    recorder.ondataavailable = ({data}) => parts.push(data);
    recorder.onstop = () => {
        if (media !== source.srcObject)
            media.getTracks().forEach(track => track.stop());
        saveAs(new Blob(parts, {type: `video/${container}`}), name, container);
        ended();
    };
    recorder.start(PART_MS);
    return () => recorder.stop();
}
