/** Shown by a server without runs: how to send the first one. */
import { fill, h } from "../dom.js";

/** The server's address, including a proxy's prefix. */
export const base = () => new URL(".", document.baseURI).href.replace(/\/$/, "");

const languages = {
    curl: (at) => `curl -X PUT ${at}/runs/first
curl -d lr=0.1 -d batch_size=32 ${at}/runs/first/metadata/flags
curl -d '{"epoch": 1, "loss": 0.42, "val_loss": 0.47}' ${at}/runs/first/metadata/metrics
curl -d loss=0.0871 -d acc=0.9712 ${at}/runs/first/metadata/evaluation
curl -X POST ${at}/runs/first/complete`,
    Python: (at) => `import requests

run = requests.put("${at}/runs/first").url
requests.post(f"{run}/metadata/flags", json={"lr": 0.1, "batch_size": 32})
requests.post(f"{run}/metadata/metrics", json={"epoch": 1, "loss": 0.42, "val_loss": 0.47})
requests.post(f"{run}/metadata/evaluation", json={"loss": 0.0871, "acc": 0.9712})
requests.post(f"{run}/complete")`,
    R: (at) => `library(httr); library(jsonlite)

run <- PUT("${at}/runs/first")$url
send <- function(type, data)
  POST(paste0(run, "/metadata/", type), body = toJSON(data, digits = NA), content_type_json())
send("flags", list(lr = 0.1, batch_size = 32))
send("metrics", list(epoch = 1, loss = 0.42, val_loss = 0.47))
send("evaluation", list(loss = 0.0871, acc = 0.9712))
POST(paste0(run, "/complete"))`,
};

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
    const tabs = Object.keys(languages).map((name) => h("button", { role: "tab", onclick: () => choose(name) }, name));
    function choose(name) {
        for (const tab of tabs) {
            tab.setAttribute("aria-selected", String(tab.textContent === name));
        }
        fill(place, lines(languages[name](base())));
    }
    choose("curl");
    return h("div.welcome", {}, h("h1", {}, "No runs yet"),
        h("p.dim", {}, "Send the first one, from any machine that reaches this server. It appears here at once."),
        h("div.tabs", { role: "tablist", "aria-label": "Language" }, tabs), place,
        h("p.waiting", {}, h("span.status.running", {}, "waiting for the first run")));
}
