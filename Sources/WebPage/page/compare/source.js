/** How the source of runs differs from that of the first, side by side. */
import { address, setState } from "../address.js";
import { json, query } from "../api.js";
import { fill, h } from "../dom.js";
import { sides } from "./diff.js";

/** @param {string[]} runs */
export function sourceDiff(runs) {
    const content = h("div", {});
    const other = h("select", { "aria-label": "The run on the right", onchange: () => { setState({ with: other.value }); load(); } },
        runs.slice(1).map((id) => h("option", { value: id }, id)));
    const details = h("details.compare-source", { ontoggle: () => {
        setState({ source: details.open ? "1" : "" });
        if (details.open) load();
    } }, h("summary", {}, h("h2", {}, "Source")),
    h("div.compare-bar", {}, h("span.mono", {}, runs[0] ?? ""), h("span.dim", {}, "and"), runs.length > 2 ? other : h("span.mono", {}, runs[1] ?? "")),
    content);
    const known = new Map();

    async function load() {
        const id = runs.length > 2 ? other.value : runs[1];
        if (!id) return;
        try {
            if (!known.has(id)) {
                fill(content, h("p.dim", {}, "Comparing…"));
                const reply = await json(`compare${query({ runs: `${runs[0]},${id}` })}`);
                known.set(id, reply.source?.[0] ?? { note: "No source to compare." });
            }
            if (id === (runs.length > 2 ? other.value : runs[1])) fill(content, files(known.get(id)));
        } catch (problem) {
            fill(content, h("p.problem", {}, problem.message));
        }
    }

    function restore() {
        const { state } = address();
        if (state.with && runs.indexOf(state.with) > 0) other.value = state.with;
        const isOpen = state.source === "1";
        if (isOpen !== details.open) details.open = isOpen;
        else if (isOpen) load();
    }
    restore();
    return { element: details, restore };
}

function files({ files = [], note }) {
    if (note) return h("p.dim", {}, note);
    if (files.length === 0) return h("p.dim", {}, "The source is the same.");
    return files.map((file) => h("details.diff-file", { open: files.length <= 20 },
        h("summary", {}, h("span.mono", {}, file.path), h("span", { class: `change ${file.change}` }, file.change)),
        file.diff ? table(file.diff) : h("p.dim", {}, file.note ?? (file.binary ? "Not a text file." : "No difference to show."))));
}

const most = 4000;

function table(diff) {
    const { rows, isCut } = sides(diff, most);
    return h("div.diff-scroll", {}, h("table.diff", {}, h("colgroup", {}, h("col.line"), h("col"), h("col.line"), h("col")), h("tbody", {}, rows.map((row) => row.heading !== undefined
        ? h("tr.hunk", {}, h("td", { colSpan: 4 }, row.heading))
        : h("tr", {}, side(row.left, "removed"), side(row.right, "added"))))),
    isCut && h("p.dim", {}, "The rest is not shown."));
}

function side(part, change) {
    if (!part) return [h("td.line", {}), h("td.nothing", {})];
    const { line, text, other } = part;
    const sign = part.isChanged ? h("span.unseen", {}, change === "added" ? "added: " : "removed: ") : null;
    return [h("td.line", {}, line), h("td", { class: part.isChanged ? change : "" }, sign, marked(text, other))];
}

/** Marks the differing part of a line that replaces another. */
function marked(text, other) {
    if (other === undefined) return text;
    let start = 0;
    while (start < text.length && start < other.length && text[start] === other[start]) start++;
    let end = 0;
    while (end < text.length - start && end < other.length - start && text.at(-1 - end) === other.at(-1 - end)) end++;
    if (start === 0 && end === 0) return text;
    return [text.slice(0, start), h("mark", {}, text.slice(start, text.length - end)), text.slice(text.length - end)];
}
