/* Shows which viewer has control, and lets this viewer request it or pass it on. */

const $ = id => document.getElementById(id);

const INVITATION_MS = 8000;

const ACTIONS = {
    request: ['Request', 'Request control from the viewer that has it'],
    start: ['Take control', 'No viewer has control: take it'],
    withdraw: ['Withdraw', 'Withdraw the request for control'],
    take: ['Take over', 'Take control at once'],
    release: ['Release', 'Let another viewer take control'],
};

/* Wire names of the actions whose name differs. */
const WANTS = {request: 'ask', start: 'ask', withdraw: 'release'};

/* A state message with the names used here. */
export function readState({steering: hasControl, steerer: controller, asking: requests, control: mode, ...rest})
{
    return {...rest, mode, hasControl, controller, requests,
            shared: mode === 'any',
            may: rest.role === 'control' && mode !== 'none',
            requested: requests.includes(rest.viewer)};
}

function textOf(s)
{
    if (s.hasControl)
        return s.shared ? '' : 'You have control';
    if (!s.may)
        return s.controller ? `View only · viewer ${s.controller} has control` : 'View only';
    if (s.requested)
        return `Requested · waiting for viewer ${s.controller}`;
    return s.controller ? `Viewer ${s.controller} has control` : 'Nobody has control';
}

function actionsOf(s)
{
    if (!s.may || s.shared)
        return [];
    if (s.hasControl)
        return ['release'];
    if (s.controller === null)
        return ['start'];
    return [s.requested ? 'withdraw' : 'request', ...(s.mode === 'token' ? ['take'] : [])];
}

/* Why input on the picture has no effect. s: null without a connection that accepts input. */
function refusalOf(s)
{
    if (!s)
        return 'This connection is view only: it cannot send input.';
    if (s.mode === 'none')
        return 'View only: this server accepts no input.';
    if (!s.may)
        return 'View only: for control, open a link with a control token.';
    if (s.requested)
        return `Waiting for viewer ${s.controller} to hand over control.`;
    return s.controller ? `Viewer ${s.controller} has control. Request it to use mouse and keys.`
                        : 'Take control to use mouse and keys.';
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

function createLine(text, ...buttons)
{
    const line = document.createElement('p');
    const span = document.createElement('span');
    span.textContent = text;
    line.append(span, ...buttons);
    return line;
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
    let state = null; /* latest, as by readState */
    let inviteTimer = 0;

    const want = (action, to) =>
        send({type: 'control', want: WANTS[action] ?? action, ...(to && {to})});
    const buttons = actions => actions.map(a => createButton(...ACTIONS[a], () => want(a)));

    function showRequests(ids)
    {
        fill($('requests'), ids.join(), () => ids.slice(0, 3).map(id =>
            createLine(`Viewer ${id} requests control`,
                       createButton('Hand over', `Give control to viewer ${id}`, () => want('give', id)))));
    }

    function showInvitation(on)
    {
        clearTimeout(inviteTimer);
        if (on)
            inviteTimer = setTimeout(showInvitation, INVITATION_MS, false);
        const text = on ? refusalOf(state) : '';
        const actions = on && state ? actionsOf(state) : [];
        fill($('invitation'), text + actions, () => (on ? [createLine(text, ...buttons(actions))] : []));
    }

    return {
        /* The connection is lost: the text stays, the buttons stop working. */
        lost()
        {
            state = null;
            $('control').inert = true;
            showRequests([]);
            showInvitation(false);
        },

        /* s: as by readState; lower: this viewer gets a lower-quality stream. */
        show(s, lower)
        {
            state = s;
            $('control').inert = false;
            const text = textOf(s), actions = actionsOf(s);
            $('control').hidden = !text && !lower && s.viewers < 2 && !actions.length;
            $('controller').textContent = text;
            $('controller').title = `You are viewer ${s.viewer}`;
            $('lower').hidden = !lower;
            $('viewers').hidden = s.viewers < 2;
            $('viewers').title = `${s.viewers} viewers; you are viewer ${s.viewer}`;
            $('count').textContent = s.viewers;
            fill($('actions'), actions.join(), () => buttons(actions));
            showRequests(s.hasControl && !s.shared ? s.requests.filter(id => id !== s.viewer) : []);
            if ($('invitation').hasChildNodes())
                showInvitation(!s.hasControl);
        },

        /* The user tried to use the picture without control. viewOnly: the transport cannot send input. */
        invite(viewOnly)
        {
            if (state || viewOnly)
                showInvitation(true);
        },
    };
}
