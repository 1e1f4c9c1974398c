import {sendInput} from '/js/interaction.js';
import {startWebRTC} from '/js/webrtc.js';

const options = new URLSearchParams(location.search);
const mjpeg = options.get('encoding') === 'mjpeg';
const picture = document.getElementById(mjpeg ? 'videoMJPEG' : 'video');
const button = document.getElementById('startBtn');

if (mjpeg) {
    picture.src = '/video/mjpeg';
} else {
    button.className = '';
    button.addEventListener('click', () => {
        button.style.display = 'none';
        startWebRTC(picture);
    });
}
if ((options.get('interaction') ?? '1') === '1')
    sendInput(picture, {wheel: Number(options.get('weel_interval') ?? 30),
                        move: Number(options.get('mouse_interval') ?? 80)});
picture.className = (options.get('iframe') ?? '0') === '0' ? 'videoNormalMode' : 'videoIframeMode';
if (options.has('background'))
    document.body.style.backgroundColor = options.get('background');
