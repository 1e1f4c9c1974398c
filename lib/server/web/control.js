/* Who has control: the text, and the buttons with which this viewer may request or pass it on. */

const $ = id => document.getElementById(id);

const ACTIONS = {
    request: ['Request', 'Request control from the viewer that has it'],
    start: ['Take control', 'Nobody has control: take it'],
    withdraw: ['Withdraw', 'Withdraw the request for control'],
    take: ['Take over', 'Take control at once'],
    release: ['Release', 'Let another viewer take control'],
};

/* Wire names of the actions whose name differs. */
const WANTS = {request: 'ask', start: 'ask', withdraw: 'release'};

function textOf(s)
{
    if (s.steering)
        return s.control === 'any' ? '' : 'You have control';
    if (s.role !== 'control' || s.control === 'none')
        return s.steerer ? `View only · viewer ${s.steerer} has control` : 'View only';
    return s.steerer ? `Viewer ${s.steerer} has control` : 'Nobody has control';
}

function actionsOf(s)
{
    if (s.role !== 'control' || (s.control !== 'first' && s.control !== 'token'))
        return [];
    if (s.steering)
        return ['release'];
    if (s.steerer === null)
        return ['start'];
    const requested = s.asking.includes(s.viewer);
    return [requested ? 'withdraw' : 'request', ...(s.control === 'token' ? ['take'] : [])];
}

function createButton(text, title, act)
{
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'word';
    button.textContent = text;
    button.title = title;
    button.addEventListener('click', act);
    return button;
}

/* Replaces the children if key differs from last time. Keeps the focus inside, or moves it to the picture. */
function fill(parent, key, make)
{
    if (parent.dataset.key === key)
        return;
    const hadFocus = parent.contains(document.activeElement);
    parent.dataset.key = key;
    parent.replaceChildren(...make());
    if (hadFocus)
        (parent.querySelector('button') ?? $('picture')).focus();
}

/* send(message): sends it to the server. */
export function createControl(send)
{
    const want = (action, to) =>
        send({type: 'control', want: WANTS[action] ?? action, ...(to && {to})});

    function showRequests(ids)
    {
        fill($('requests'), ids.join(), () => ids.slice(0, 3).map(id => {
            const line = document.createElement('p');
            const text = document.createElement('span');
            text.textContent = `Viewer ${id} requests control`;
            line.append(text, createButton('Hand over', `Give control to viewer ${id}`, () => want('give', id)));
            return line;
        }));
    }

    return {
        /* The connection is lost: the text stays, the buttons stop working. */
        lost()
        {
            $('control').inert = true;
            showRequests([]);
        },

        /* s: a state message; lower: this viewer gets a lower-quality stream. */
        show(s, lower)
        {
            $('control').inert = false;
            const actions = actionsOf(s);
            $('control').hidden = !textOf(s) && !lower && s.viewers < 2 && !actions.length;
            $('controller').textContent = textOf(s);
            $('controller').title = `You are viewer ${s.viewer}`;
            $('lower').hidden = !lower;
            $('viewers').hidden = s.viewers < 2;
            $('viewers').title = `${s.viewers} viewers; you are viewer ${s.viewer}`;
            $('count').textContent = s.viewers;
            fill($('actions'), actions.join(), () =>
                actions.map(a => createButton(...ACTIONS[a], () => want(a))));
            showRequests(s.steering && s.control !== 'any' ? s.asking.filter(id => id !== s.viewer) : []);
        },
    };
}
