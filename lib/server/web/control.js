/* Shows which viewer has control, and lets this viewer request it, pass it on, and choose a name. */

const $ = id => document.getElementById(id);

const NOTICE_MS = 8000;

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

const NAME_BYTES = 32; /* the server takes no longer names */

/* The name as the server accepts it. */
export function cleanName(text)
{
    let name = text.replace(/[\p{Cc}\p{Cs}]/gu, '').trim();
    while (new TextEncoder().encode(name).length > NAME_BYTES)
        name = [...name].slice(0, -1).join('');
    return name;
}

/* A viewer, with the number that the server gave it: names are chosen freely. The two characters keep marks of
 * writing direction inside the name, which must not contain them, nor an end of a paragraph. */
function who(s, id)
{
    const name = s.names[id]?.replace(/[\u2028\u2029\u2066-\u2069]/g, '');
    return name ? `\u2068${name}\u2069 (${id})` : `viewer ${id}`;
}

/* The same at the beginning of a sentence. */
function Who(s, id)
{
    return who(s, id).replace(/^viewer/, 'Viewer');
}

function textOf(s)
{
    if (s.hasControl)
        return s.shared ? '' : 'You have control';
    if (!s.may)
        return s.controller ? `View only · ${who(s, s.controller)} has control` : 'View only';
    if (s.requested)
        return `Requested · waiting for ${who(s, s.controller)}`;
    return s.controller ? `${Who(s, s.controller)} has control` : 'Nobody has control';
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
        return `Waiting for ${who(s, s.controller)} to hand over control.`;
    return s.controller ? `${Who(s, s.controller)} has control. Request it to use mouse and keys.`
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

/* Replaces the children if key differs from last time. Keeps the focus inside, or moves it to the picture
 * by focus(). */
function fill(parent, key, make, focus)
{
    if (parent.dataset.key === key)
        return;
    const hadFocus = parent.contains(document.activeElement);
    parent.dataset.key = key;
    parent.replaceChildren(...make());
    const button = parent.querySelector('button');
    if (hadFocus && button)
        button.focus();
    else if (hadFocus)
        focus();
}

/* send(message): sends it to the server. focus(): moves the focus to the picture. */
export function createControl(send, focus)
{
    let state = null; /* latest, as by readState */
    let noticeTimer = 0;
    let inviting = false;

    const want = (action, to) =>
        send({type: 'control', want: WANTS[action] ?? action, ...(to && {to})});
    const buttons = actions => actions.map(a => createButton(...ACTIONS[a], () => want(a)));

    function showRequests(ids)
    {
        fill($('requests'), ids.map(id => who(state, id)).join(), () => ids.slice(0, 3).map(id =>
            createLine(`${Who(state, id)} requests control`,
                       createButton('Hand over', `Give control to ${who(state, id)}`, () => want('give', id)))), focus);
    }

    /* Shows a line for a while; '': none. */
    function showNotice(text, actions = [])
    {
        clearTimeout(noticeTimer);
        if (text)
            noticeTimer = setTimeout(showInvitation, NOTICE_MS, false);
        fill($('invitation'), text + actions, () => (text ? [createLine(text, ...buttons(actions))] : []), focus);
    }

    function showInvitation(on)
    {
        inviting = on;
        showNotice(on ? refusalOf(state) : '', on && state ? actionsOf(state) : []);
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
            $('controller').title = `${text}${text && '. '}You are viewer ${s.viewer}`;
            $('lower').hidden = !lower;
            $('viewers').hidden = s.viewers < 2;
            $('viewers').title = `${s.viewers} viewers; you are viewer ${s.viewer}. Choose your name`;
            $('count').textContent = s.viewers;
            fill($('actions'), actions.join(), () => buttons(actions), focus);
            showRequests(s.hasControl && !s.shared ? s.requests.filter(id => id !== s.viewer) : []);
            if (inviting)
                showInvitation(!s.hasControl);
        },

        /* The user tried to use the picture without control. viewOnly: the transport cannot send input. */
        invite(viewOnly)
        {
            if (state || viewOnly)
                showInvitation(true);
        },

        notify(text)
        {
            inviting = false;
            showNotice(text);
        },
    };
}
