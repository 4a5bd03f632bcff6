/** A JSON value: matrices as tables, objects as lists of names, anything else as text. */
import { h } from "../dom.js";
import { number } from "../format.js";

const mostRows = 200;

/** @param {any} json @param {number} [depth] @returns {HTMLElement} */
export function value(json, depth = 0) {
    const matrix = matrixOf(json);
    if (matrix) {
        const rest = Array.isArray(json) ? [] : Object.entries(json).filter(([, one]) => one !== matrix.rows && one !== matrix.labels);
        return h("div", {}, matrixTable(matrix.rows, matrix.labels?.map(String)),
            rest.length > 0 && value(Object.fromEntries(rest), depth + 1));
    }
    if (isRecords(json)) return records(json);
    if (Array.isArray(json)) {
        if (json.every((one) => one === null || typeof one !== "object")) return h("span.json-list", {}, JSON.stringify(json).slice(0, 20_000));
        return h("ol.json", { start: 0 }, json.slice(0, mostRows).map((one) => h("li", {}, value(one, depth + 1))),
            json.length > mostRows && h("li.dim", {}, `and ${json.length - mostRows} more`));
    }
    if (json !== null && typeof json === "object") {
        if (depth > 12) return h("pre", {}, JSON.stringify(json, null, 2).slice(0, 20_000));
        const entries = Object.entries(json);
        return h("dl.json", {}, entries.slice(0, 1000).map(([name, one]) => [h("dt", {}, name), h("dd", {}, value(one, depth + 1))]));
    }
    if (typeof json === "number") return number(json, 8);
    return h("span", {}, json === null ? "null" : String(json));
}

/** Rows of numbers of equal length: an array of arrays, or as `matrix` or `values` beside `labels`. */
function matrixOf(json) {
    if (isMatrix(json)) return { rows: json, labels: undefined };
    if (json === null || typeof json !== "object" || Array.isArray(json)) return undefined;
    const rows = [json.matrix, json.values].find(isMatrix);
    if (!rows) return undefined;
    const labels = Array.isArray(json.labels) && json.labels.length === rows.length && json.labels.every((one) => typeof one !== "object")
        ? json.labels : undefined;
    return { rows, labels };
}

function isMatrix(json) {
    return Array.isArray(json) && json.length > 1 && json.length <= 200 && json.every((row) => Array.isArray(row)
        && row.length === json[0].length && row.length > 0 && row.length <= 200 && row.every((cell) => typeof cell === "number"));
}

/** A matrix, each cell shaded by its value; if it is square, rows are the true classes. */
function matrixTable(rows, labels) {
    const greatest = Math.max(...rows.flat().map(Math.abs), 1e-300);
    const isSquare = rows.length === rows[0].length;
    return h("div.table-scroll", { tabindex: "0", role: "region", "aria-label": "Matrix" }, h("table.matrix", {},
        labels && isSquare && h("thead", {}, h("tr", {}, h("td", {}), labels.map((label) => h("th", { scope: "col" }, label)))),
        h("tbody", {}, rows.map((row, i) => h("tr", {}, labels && h("th", { scope: "row" }, labels[i]),
            row.map((cell) => h("td", { style: { "--part": (Math.abs(cell) / greatest * 0.45).toFixed(3) } }, number(cell))))))));
}

function isRecords(json) {
    return Array.isArray(json) && json.length > 1 && json.every((row) => row !== null && typeof row === "object" && !Array.isArray(row)
        && Object.values(row).every((one) => one === null || typeof one !== "object"));
}

function records(rows) {
    const names = [...new Set(rows.slice(0, mostRows).flatMap(Object.keys))].slice(0, 100);
    return h("div.table-scroll", { tabindex: "0", role: "region", "aria-label": "Table" }, h("table.data", {},
        h("thead", {}, h("tr", {}, names.map((name) => h("th", { scope: "col" }, name)))),
        h("tbody", {}, rows.slice(0, mostRows).map((row) => h("tr", {}, names.map((name) => h("td", {
            class: typeof row[name] === "number" ? "number" : "" }, row[name] === undefined ? "" : typeof row[name] === "number" ? number(row[name]) : String(row[name]))))))),
    rows.length > mostRows && h("p.dim", {}, `The first ${mostRows} of ${rows.length} rows.`));
}
