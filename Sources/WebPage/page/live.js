/**
 * The page's only event stream (`GET /events`). It is closed while the page is not visible, since a browser has few
 * connections for each server.
 */

/**
 * @typedef {object} LiveEvent
 * @property {string} type as `/events` names it. `reset`: events were missed; read everything again
 * @property {string | null} run the run id, if the event is about a run
 * @property {any} data parsed on first access, since there may be very many events
 */

const types = [
    "metrics", "flags", "evaluation", "error", "source", "output", "properties", "metadata", "artifact", "initialised",
    "completed", "stopped", "failed", "archived", "restored", "removed", "skipped", "reset",
];

/** @type {Set<(event: LiveEvent) => void>} */
const listeners = new Set();
/** @type {Set<(state: string) => void>} */
const watchers = new Set();
/** @type {EventSource | null} */
let source = null;
/** "off", "connecting", "live" or "lost". */
let state = "off";
let retry = 0;
let wasLive = false;

/** Calls a function with the state, now and on changes. @returns {() => void} unsubscribes */
export function onLiveState(watcher) {
    watchers.add(watcher);
    watcher(state);
    return () => watchers.delete(watcher);
}

/** Calls a function with each event. @param {(event: LiveEvent) => void} listener @returns {() => void} unsubscribes */
export function subscribe(listener) {
    listeners.add(listener);
    if (!source) open();
    return () => {
        listeners.delete(listener);
        if (listeners.size === 0) close("off");
    };
}

function open() {
    clearTimeout(retry);
    if (listeners.size === 0 || document.hidden) return;
    source?.close();
    let wasOpen = false;
    const mine = source = new EventSource("events");
    if (state === "off") setState("connecting");
    mine.onopen = () => {
        // A new stream begins now; one that the browser reopened resumes where it was.
        if (wasLive && !wasOpen) tell({ type: "reset", run: null, data: {} });
        wasOpen = wasLive = true;
        setState("live");
    };
    mine.onerror = () => {
        if (source !== mine) return;
        setState("lost");
        // The browser reconnects by itself, unless the reply was not an event stream.
        if (mine.readyState === EventSource.CLOSED) {
            clearTimeout(retry);
            retry = setTimeout(open, 2000);
        }
    };
    for (const type of types) {
        mine.addEventListener(type, (message) => {
            // A lost connection is an event `error` too, but no message.
            if (message instanceof MessageEvent) tell(read(type, message.data));
        });
    }
}

function close(next) {
    clearTimeout(retry);
    source?.close();
    source = null;
    setState(next);
}

/** @returns {LiveEvent} */
function read(type, text) {
    let value;
    return {
        type,
        // `run` is the first member of the data.
        run: /^\{\s*"run":\s*"([^"\\]*)"/.exec(text)?.[1] ?? null,
        get data() { return value ??= JSON.parse(text); },
    };
}

function tell(event) {
    for (const listener of [...listeners]) listener(event);
}

function setState(next) {
    if (next === state) return;
    state = next;
    for (const watcher of watchers) watcher(state);
}

let hiding = 0;
document.addEventListener("visibilitychange", () => {
    clearTimeout(hiding);
    if (document.hidden) hiding = setTimeout(() => close("off"), 20_000);
    else if (!source) open();
});
addEventListener("offline", () => { if (source) setState("lost"); });
addEventListener("online", () => { if (source) open(); });
// A page that is kept for the back button would keep its connection, of which a browser has six for each server.
addEventListener("pagehide", () => { if (source) close("off"); });
addEventListener("pageshow", (event) => { if (event.persisted && !source) open(); });
// Without a token there is nothing to wait for; the page is loaded again with one.
addEventListener("tokenneeded", () => close("off"));
