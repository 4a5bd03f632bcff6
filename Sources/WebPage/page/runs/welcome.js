/** Shown by a server without runs: how to send the first one. */
import { fill, h } from "../dom.js";

/** The server's address, including a proxy's prefix. */
export const base = () => new URL(".", document.baseURI).href.replace(/\/$/, "");

/** The files of `examples/`, which README.md shows too, by the names of their tabs. */
const examples = {
    curl: "curl.sh",
    Shell: "shell.sh",
    Python: "python.py",
    R: "r.R",
    Keras: "keras-jax.py",
    "scikit-learn": "scikit-learn.py",
    Julia: "julia.jl",
    Node: "node.mjs",
};

/** An example, for this server. @param {string} name a file */
async function example(name) {
    const reply = await fetch(new URL(`examples/${name}`, import.meta.url));
    return (await reply.text()).trimEnd().replaceAll(/(http:\/\/)?localhost:7117/g, () => base());
}

/** Lines with a button that copies them. */
export function lines(text) {
    const button = h("button", {
        onclick: async () => {
            try { await navigator.clipboard.writeText(text); } catch { select(pre); document.execCommand("copy"); }
            button.textContent = "Copied";
            setTimeout(() => { button.textContent = "Copy"; }, 1500);
        },
    }, "Copy");
    const pre = h("pre", { tabindex: "0" }, text);
    return h("div.lines", {}, pre, button);
}

function select(element) {
    const range = document.createRange();
    range.selectNodeContents(element);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
}

export function welcome() {
    const place = h("div");
    const tabs = Object.keys(examples).map((name) => h("button", { role: "tab", onclick: () => choose(name) }, name));
    async function choose(name) {
        for (const tab of tabs) {
            tab.setAttribute("aria-selected", String(tab.textContent === name));
        }
        const text = await example(examples[name]);
        if (tabs.some((tab) => tab.textContent === name && tab.getAttribute("aria-selected") === "true")) fill(place, lines(text));
    }
    choose("curl");
    return h("div.welcome", {}, h("h1", {}, "No runs yet"),
        h("p.dim", {}, "Send the first one, from any machine that reaches this server. It appears here at once."),
        h("div.tabs", { role: "tablist", "aria-label": "Language" }, tabs), place,
        h("p.waiting", {}, h("span.status.running", {}, "waiting for the first run")));
}
