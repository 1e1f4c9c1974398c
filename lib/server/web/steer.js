/* Who steers: says so, and has the buttons for what this viewer may do about it. */

const $ = id => document.getElementById(id);

const ACTIONS = {
    ask: ['Ask', 'Ask whoever steers to hand over'],
    steer: ['Steer', 'Nobody steers: begin'],
    withdraw: ['Withdraw', 'Ask no longer'],
    take: ['Take', 'Take over at once'],
    release: ['Release', 'Let somebody else steer'],
};
const WANTS = {steer: 'ask', withdraw: 'release'}; /* others are named as on the wire */

function textOf(s)
{
    if (s.steering)
        return s.control === 'any' ? '' : 'You steer';
    if (s.role !== 'control' || s.control === 'none')
        return s.steerer ? `View only · viewer ${s.steerer} steers` : 'View only';
    return s.steerer ? `Viewer ${s.steerer} steers` : 'Nobody steers';
}

function actionsOf(s)
{
    if (s.role !== 'control' || (s.control !== 'first' && s.control !== 'token'))
        return [];
    if (s.steering)
        return ['release'];
    if (s.steerer === null)
        return ['steer'];
    return [s.asking.includes(s.viewer) ? 'withdraw' : 'ask', ...(s.control === 'token' ? ['take'] : [])];
}

function button(text, title, act)
{
    const made = document.createElement('button');
    made.type = 'button';
    made.className = 'word';
    made.textContent = text;
    made.title = title;
    made.addEventListener('click', act);
    return made;
}

/* Puts new children where they differ, so that the focus stays where it is. */
function fill(parent, key, make)
{
    if (parent.dataset.key === key)
        return;
    const had = parent.contains(document.activeElement);
    parent.dataset.key = key;
    parent.replaceChildren(...make());
    if (had)
        (parent.querySelector('button') ?? $('picture')).focus();
}

/* send(message). */
export function createSteer(send)
{
    const want = (what, to) => send({type: 'control', want: WANTS[what] ?? what, ...(to && {to})});

    function showAsking(ids)
    {
        fill($('asking'), ids.join(), () => ids.slice(0, 3).map(id => {
            const line = document.createElement('p');
            const text = document.createElement('span');
            text.textContent = `Viewer ${id} asks to steer`;
            line.append(text, button('Give', `Hand over to viewer ${id}`, () => want('give', id)));
            return line;
        }));
    }

    return {
        /* The connection is gone; what was said stays to be seen. */
        lost()
        {
            $('steer').inert = true;
            showAsking([]);
        },

        show(s, lower)
        {
            $('steer').inert = false;
            const actions = actionsOf(s);
            $('steer').hidden = !textOf(s) && !lower && s.viewers < 2 && !actions.length;
            $('who').textContent = textOf(s);
            $('who').title = `You are viewer ${s.viewer}`;
            $('lower').hidden = !lower;
            $('crowd').hidden = s.viewers < 2;
            $('crowd').title = `${s.viewers} viewers; you are viewer ${s.viewer}`;
            $('count').textContent = s.viewers;
            fill($('actions'), actions.join(), () =>
                actions.map(a => button(...ACTIONS[a], () => want(a))));
            showAsking(s.steering && s.control !== 'any' ? s.asking.filter(id => id !== s.viewer) : []);
        },
    };
}
