/** The frame of the page: chooses the view by the address; the theme; the state of the connection to the server. */
import { address } from "./address.js";
import { json, request } from "./api.js";
import { fill, h, svg } from "./dom.js";
import { copyExactNumbers } from "./format.js";
import { onLiveState } from "./live.js";

/**
 * A view is a module with `show(main, address)`, which fills the element. It returns a function that ends the view
 * (closes its connections, timers and listeners), or an object with that as `end`, and `update(address)`, which is
 * called if only the state in the address has changed, by the back button or a link. A view is loaded when it is first
 * shown.
 * @typedef {{ end: () => void, update: (address: any) => void }} Shown
 * @type {Record<string, () => Promise<{ show: (main: HTMLElement, address: any) => Shown | (() => void) | void }>>}
 */
const views = {
    runs: () => import("./runs/view.js"),
    run: () => import("./run/view.js"),
    compare: () => import("./compare/view.js"),
    server: () => import("./server/view.js"),
};

/** @type {any} */
let current = {};
let place = "";
let number = 0;
let isPlanned = false;

async function show() {
    const now = address();
    const next = JSON.stringify([now.view, now.path]);
    markLinks(now.view);
    if (next === place && current.update) return current.update(now);
    place = next;
    const mine = ++number;
    current.end?.();
    current = {};
    const main = document.querySelector("main");
    document.title = now.path.length === 0 ? "Rundir" : `${now.path[0]} – Rundir`;
    const load = Object.hasOwn(views, now.view) ? views[now.view] : undefined;
    if (!load) return fill(main, h("p.problem", {}, "There is no such page. ", h("a", { href: "#/" }, "See the runs.")));
    try {
        const view = await load();
        if (mine !== number) return;
        main.replaceChildren();
        const shown = view.show(main, now);
        current = typeof shown === "function" ? { end: shown } : shown ?? {};
    } catch (error) {
        if (mine !== number) return;
        place = "";
        fill(main, h("div.problem", {}, h("p", {}, `This view cannot be shown: ${error.message}`),
            h("button", { onclick: () => location.reload() }, "Reload the page")));
    }
}

/** Going back fires two events, `popstate` and `hashchange`. */
function plan() {
    if (isPlanned) return;
    isPlanned = true;
    setTimeout(() => { isPlanned = false; show(); });
}

function markLinks(view) {
    for (const anchor of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".frame nav a"))) {
        const isCurrent = anchor.dataset.view === (view === "server" ? "server" : "runs");
        if (isCurrent) anchor.setAttribute("aria-current", "page");
        else anchor.removeAttribute("aria-current");
    }
}

// The theme: the system's, light or dark. It is stored by the browser, or only in the page if storage is disabled.
const themes = ["auto", "light", "dark"];
let theme = "auto";
try { theme = localStorage.getItem("theme") ?? "auto"; } catch { /* Storage is disabled. */ }
if (!themes.includes(theme)) theme = "auto";

function showTheme() {
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    dispatchEvent(new Event("themechange"));
    themeButton.setAttribute("aria-label", `Theme: ${theme}`);
    themeButton.title = `Theme: ${theme === "auto" ? "the system's" : theme}`;
    fill(themeButton, icon({ auto: "M8 2a6 6 0 1 0 0 12zM8 2a6 6 0 0 1 0 12",
        light: "M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM8 1v2M8 13v2M1 8h2M13 8h2M3 3l1.4 1.4M11.6 11.6 13 13M3 13l1.4-1.4M11.6 4.4 13 3",
        dark: "M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7z" }[theme], theme === "auto"));
}

function icon(path, half = false) {
    const [first, rest] = half ? path.split(/(?<=z)/) : [path, ""];
    return svg("svg", { viewBox: "0 0 16 16", width: 16, height: 16, fill: "none", stroke: "currentColor", "stroke-width": 1.4, "aria-hidden": "true" },
        svg("path", { d: first, fill: half ? "currentColor" : "none" }), rest && svg("path", { d: rest }));
}

/** Elements of index.html. @type {(selector: string) => any} */
const find = (selector) => document.querySelector(selector);
const [themeButton, line, skip] = [".theme", ".live", ".skip"].map(find);
themeButton.onclick = () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length];
    try { localStorage.setItem("theme", theme); } catch { /* Storage is disabled. */ }
    showTheme();
};
skip.onclick = (event) => { event.preventDefault(); find("main").focus(); };
showTheme();
copyExactNumbers();
onLiveState((state) => {
    line.dataset.state = state;
    line.firstChild.textContent = { live: "Live", lost: "Connection lost; trying again", connecting: "Connecting" }[state] ?? "";
    line.hidden = state === "off";
});
// The login's own 401 is shown in its dialog.
addEventListener("tokenneeded", (event) => {
    if (/** @type {CustomEvent} */ (event).detail.path !== "login") import("./login.js").then(({ askForToken }) => askForToken());
});
addEventListener("hashchange", plan);
addEventListener("popstate", plan);
show();

/** Shows the token in use, with a button that forgets it. */
async function showLogin() {
    const { token } = await json("login");
    if (!token) return;
    const scope = token.only ? `the runs ${token.only.join(", ")}` : "all runs";
    find(".who").append(h("button.plain.logout", { title: `Logged in by the token ${token.name}: may ${token.right}, ${scope}`, onclick: logOut }, "Log out"));
}

async function logOut() {
    await request("logout", { method: "POST" });
    location.reload();
}

// Behind what the view loads.
showLogin().catch(() => { /* The view tells that the server cannot be reached. */ });
