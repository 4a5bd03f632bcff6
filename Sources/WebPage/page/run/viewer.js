/** Showing a file: images, sound, tables, JSON and text. Nothing in it is ever executed. */
import { at, atPath, request } from "../api.js";
import { h } from "../dom.js";
import { bytesText } from "../format.js";
import { readTable } from "./csv.js";
import { code } from "./code.js";
import { value } from "./value.js";

/** The most bytes of a text that are read. */
const most = 1_000_000;

/** Whether bytes are text, by their beginning. @param {Uint8Array} bytes */
export function isText(bytes) {
    const head = bytes.subarray(0, 4096);
    if (head.includes(0)) return false;
    try {
        new TextDecoder("utf-8", { fatal: true }).decode(head, { stream: true });
        return true;
    } catch { return false; }
}

/** The address of a file. */
export const fileAddress = (id, path) => `runs/${at(id)}/files/${atPath(path)}`;

/**
 * @param {string} id the run's @param {{ path: string, size: number, type: string }} file
 * @returns {Promise<HTMLElement>}
 */
export async function viewer(id, file) {
    const source = fileAddress(id, file.path);
    const type = file.type.split(";")[0];
    if (type.startsWith("image/")) return h("figure.image", {}, h("img", { src: source, alt: file.path, loading: "lazy" }));
    if (type.startsWith("audio/")) return h("audio", { src: source, controls: true, preload: "metadata", "aria-label": file.path });
    if (type.startsWith("video/")) return h("video", { src: source, controls: true, preload: "metadata", "aria-label": file.path });
    if (file.size === 0) return h("p.empty", {}, "The file is empty.");
    const response = await request(source, { headers: { Range: `bytes=0-${most - 1}` } });
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (!isText(bytes)) return h("p.empty", {}, `Not a text file (${bytesText(file.size)}).`);
    const text = new TextDecoder().decode(bytes);
    const isCut = file.size > bytes.length;
    const note = isCut && h("p.dim", {}, `The first ${bytesText(bytes.length)} of ${bytesText(file.size)}.`);
    if (/\.(csv|tsv)$/i.test(file.path)) {
        const lines = isCut ? text.slice(0, text.lastIndexOf("\n") + 1) : text;
        return h("div", {}, note, table(readTable(lines, /\.tsv$/i.test(file.path) ? "\t" : undefined)));
    }
    if (type === "application/json" && !isCut) {
        try { return h("div", {}, value(JSON.parse(text))); } catch { /* Shown as text. */ }
    }
    return h("div", {}, note, code(text, file.path));
}

const mostRows = 500, mostColumns = 200;

/** @param {string[][]} rows the names first */
function table(rows) {
    const [names = [], ...rest] = rows;
    const isNumber = names.map((_, i) => rest.slice(0, 50).every((row) => row[i] === undefined || row[i] === "" || Number.isFinite(Number(row[i]))));
    return h("div.table-scroll", { tabindex: "0", role: "region", "aria-label": "Table" }, h("table.data", {},
        h("thead", {}, h("tr", {}, names.slice(0, mostColumns).map((name, i) => h("th", { scope: "col", class: isNumber[i] ? "number" : "" }, name)))),
        h("tbody", {}, rest.slice(0, mostRows).map((row) => h("tr", {}, row.slice(0, mostColumns).map((cell, i) => h("td", { class: isNumber[i] ? "number" : "" }, cell)))))),
    rest.length > mostRows && h("p.dim", {}, `The first ${mostRows} of ${rest.length} rows.`));
}
