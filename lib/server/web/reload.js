/*
 * Reloads the page once if one of its scripts could not be fetched: browsers drop requests when the network
 * changes, and a page without all of its scripts would show "Connecting" for ever. Not a module, so that it
 * runs before those it watches.
 */
addEventListener('error', ({target}) => {
    const [loaded] = performance.getEntriesByType('navigation');
    if (target instanceof HTMLScriptElement && loaded?.type !== 'reload')
        setTimeout(() => location.reload(), 1000);
}, true);
