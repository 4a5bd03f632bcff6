/** Code to read and write this run from elsewhere. */
import { h } from "../dom.js";
import { at } from "../api.js";

/** @param {{ id: string }} view */
export function open({ id }) {
    const base = new URL(".", location.href.split("#")[0]).href.replace(/\/$/, "");
    const url = `${base}/runs/${at(id)}`;
    const text = JSON.stringify(url);
    const shell = `'${url.replaceAll("'", "'\\''")}'`;
    /** @type {[string, string[]][]} */
    const parts = [
        ["curl", [
            `RUN=${shell}`, "", "# Read it.", "curl \"$RUN\"", "curl \"$RUN/metrics?format=csv\"", "curl -O \"$RUN/bundle.tar.gz\"", "",
            "# Write to it.", "curl -d '{\"step\": 1, \"loss\": 0.42}' \"$RUN/metadata/metrics\"", "curl -T model.pt \"$RUN/files/model.pt\"",
        ]],
        ["Python", [
            "import json, urllib.request", "", `run = ${text}`, "",
            "def call(method, path, value=None):", "    body = None if value is None else json.dumps(value).encode()",
            "    request = urllib.request.Request(run + path, body, {\"Content-Type\": \"application/json\"}, method=method)",
            "    with urllib.request.urlopen(request) as reply:", "        return json.load(reply)", "",
            "metrics = call(\"GET\", \"/metrics\")  # columns: pandas.DataFrame(metrics)",
            "call(\"POST\", \"/metadata/metrics\", {\"step\": 1, \"loss\": 0.42})",
        ]],
        ["R", [
            `run <- ${text}`, "", "metrics <- as.data.frame(jsonlite::fromJSON(paste0(run, \"/metrics\")))", "",
            "# The run directory, for tfruns.", "bundle <- tempfile(fileext = \".tar.gz\")",
            "download.file(paste0(run, \"/bundle.tar.gz\"), bundle, mode = \"wb\")", "untar(bundle, exdir = \"runs\")",
            "tfruns::view_run(file.path(\"runs\", basename(URLdecode(run))))",
        ]],
    ];
    return { element: h("section.use", {}, parts.map(([name, lines]) => {
        const code = lines.join("\n");
        const copy = h("button", { onclick: async () => {
            try {
                await navigator.clipboard.writeText(code);
                copy.textContent = "Copied";
            } catch {
                getSelection().selectAllChildren(pre);
            }
            setTimeout(() => { copy.textContent = "Copy"; }, 1500);
        } }, "Copy");
        const pre = h("pre", { tabindex: "0", "aria-label": `${name} lines` }, code);
        return [h("h3", {}, name), h("div.lines", {}, pre, copy)];
    })) };
}
