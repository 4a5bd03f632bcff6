/**
 * What the page shows is all in its address: `#/run/ID?x=time&smooth=0.6`. A view reads its state from there and writes it
 * there, so that a link shows the same and the back button goes back.
 */

/** @typedef {{ view: string, path: string[], state: Record<string, string> }} Address */

/** @returns {Address} what the address says now */
export function address() {
    const [path, text] = location.hash.replace(/^#\/?/, "").split("?", 2);
    const [view, ...rest] = path.split("/").map(decode);
    const state = Object.fromEntries(new URLSearchParams(text ?? ""));
    return { view: view || "runs", path: rest, state };
}

/** The address of a view, for a link. @param {string[]} path the view's name first */
export function link(path, state = {}) {
    const parameters = new URLSearchParams(
        Object.entries(state).filter(([, value]) => value !== undefined && value !== null && value !== ""));
    const text = parameters.toString();
    return `#/${path.map(encodeURIComponent).join("/")}${text === "" ? "" : `?${text}`}`;
}

/**
 * Changes the state in the address, without a new view being made.
 * @param {Record<string, any>} change members; `undefined`, `null` or an empty text takes one out
 * @param {{ push?: boolean }} options whether the back button comes back to what was before
 */
export function setState(change, { push = false } = {}) {
    const { view, path, state } = address();
    const next = link([view, ...path], { ...state, ...change });
    if (next === location.hash) return;
    if (push) history.pushState(null, "", next);
    else history.replaceState(null, "", next);
}

function decode(text) {
    try { return decodeURIComponent(text); } catch { return text; }
}
