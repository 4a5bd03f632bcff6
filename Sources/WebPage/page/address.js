/**
 * The page's whole state is in its address: `#/run/ID?x=time&smooth=0.6`. Views read and write their state there, so
 * that links and the back button work.
 */

/** @typedef {{ view: string, path: string[], state: Record<string, string> }} Address */

/** @returns {Address} the current address */
export function address() {
    const [path, text] = location.hash.replace(/^#\/?/, "").split("?", 2);
    const [view, ...rest] = fromMLflow(path.split("/").map(decode));
    const state = Object.fromEntries(new URLSearchParams(text ?? ""));
    return { view: view || "runs", path: rest, state };
}

/** What the links mean that MLflow's client prints: `experiments/1/runs/ID`, `experiments/1`. @param {string[]} path */
function fromMLflow(path) {
    if (path[0] !== "experiments") return path;
    return path[2] === "runs" && path[3] ? ["run", path[3]] : ["runs"];
}

/** The address of a view, for a link. @param {string[]} path the view's name first */
export function link(path, state = {}) {
    const parameters = new URLSearchParams(
        Object.entries(state).filter(([, value]) => value !== undefined && value !== null && value !== ""));
    const text = parameters.toString();
    return `#/${path.map(encodeURIComponent).join("/")}${text === "" ? "" : `?${text}`}`;
}

/**
 * Changes the state in the address, without making a new view.
 * @param {Record<string, any>} change members; `undefined`, `null` or an empty text removes one
 * @param {{ push?: boolean }} options `push`: whether the back button returns to the previous state
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
