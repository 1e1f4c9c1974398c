/* Saves the visible picture as a file. */

const QUALITY = 0.95; /* of JPEG */

/* 2026-11-29 12.30.05 */
function timestamp(date)
{
    const two = x => String(x).padStart(2, '0');
    const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
    return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join('.')}`;
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
    const link = document.createElement('a');
    link.href = URL.createObjectURL(blob);
    link.download = `${name} ${timestamp(new Date())}.${type === 'jpeg' ? 'jpg' : type}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60e3); /* the download reads it later */
    return true;
}
