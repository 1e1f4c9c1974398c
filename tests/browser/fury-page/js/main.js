import {steer} from '/js/steer.js';

const options = new URLSearchParams(location.search);
const picture = document.getElementById('videoMJPEG');

if (options.get('encoding') === 'mjpeg')
    picture.src = '/video/mjpeg';
if ((options.get('interaction') ?? '1') === '1')
    steer(picture, {wheel: Number(options.get('weel_interval') ?? 30),
                    move: Number(options.get('mouse_interval') ?? 80)});
picture.className = (options.get('iframe') ?? '0') === '0' ? 'videoNormalMode' : 'videoIframeMode';
if (options.has('background'))
    document.body.style.backgroundColor = options.get('background');
