/* Chromium for engines.test.mjs, which describes the functions, by playwright. */
import {hand, open} from '../helper.mjs';

export const commands = /^chrom/;
export const buttons = ['left', 'right', 'middle'];
export const realTouch = true;
export const ownMenu = false;
export const parts = true;

export async function openPage(t, url)
{
    const page = await open(t, url, {hasTouch: true});
    const touch = await hand(page);
    return {
        allowed: page.allowed,
        evaluate: (act, arg) => page.evaluate(act, arg),
        move: (x, y) => page.mouse.move(x, y),
        down: button => page.mouse.down({button}),
        up: button => page.mouse.up({button}),
        wheel: (x, y, dy) => page.mouse.wheel(0, dy),
        hold: key => page.keyboard.down(key),
        release: key => page.keyboard.up(key),
        async fingers(...steps)
        {
            const points = steps.map(step => step.map(([x, y], id) => [id, x, y]));
            await touch.down(...points.shift());
            for (const step of points)
                await touch.move(...step);
            await touch.up();
        },
    };
}
