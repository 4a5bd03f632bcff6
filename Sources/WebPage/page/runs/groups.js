/** Runs grouped by the value of a column: count, mean and best. */
import { h } from "../dom.js";
import { duration, numberText, shown, time } from "../format.js";
import { isLessBetter, valueOf } from "./columns.js";

/** @typedef {{ group: string, value: any, runs: Record<string, any>[], isOpen: boolean, options: () => Record<string, any> }} Group */

/** The name of a group's value. */
const nameOf = (value) => value === undefined || value === null ? "NA" : typeof value === "boolean" ? (value ? "TRUE" : "FALSE") : String(value);

/**
 * The rows of the table: the groups in the order of their first runs, and the runs of those that are open.
 * @param {Record<string, any>[]} runs
 * @param {Set<string>} open names of groups
 */
export function grouped(runs, column, open) {
    /** @type {Map<string, Group>} */
    const groups = new Map();
    for (const run of runs) {
        const value = valueOf(run, column);
        const name = nameOf(value);
        let group = groups.get(name);
        if (!group) {
            group = {
                group: name, value, runs: [], isOpen: open.has(name),
                options: () => ({ class: "groupRow", "data-key": `group ${name}` }),
            };
            groups.set(name, group);
        }
        group.runs.push(run);
    }
    const items = [];
    for (const group of groups.values()) {
        items.push(group);
        if (group.isOpen) items.push(...group.runs);
    }
    return items;
}

/** A cell of a group's row. @param {Group} group @param {string} name of the column */
export function groupCell(group, name, { isFirst, isNumber, toggle, column }) {
    if (isFirst) {
        return h("button.plain", { "aria-expanded": String(group.isOpen), onclick: () => toggle(group.group) },
            group.isOpen ? "▾" : "▸", h("span", { title: `${column}: ${group.group}` }, group.group), h("span.dim", {}, `× ${group.runs.length.toLocaleString("en")}`));
    }
    const values = group.runs.map((run) => valueOf(run, name)).filter((value) => value !== undefined && value !== null);
    if (values.length === 0) return null;
    const finite = values.filter(Number.isFinite);
    if (/^(start|end|updated)$/.test(name)) return finite.length > 0 && h("span", {}, time(finite.reduce((one, other) => Math.max(one, other))));
    if (!isNumber) {
        const different = new Set(values.map(nameOf));
        return different.size === 1 ? nameOf(values[0]).slice(0, 200) : h("span.dim", {}, `${different.size} values`);
    }
    if (finite.length === 0) return null;
    const mean = finite.reduce((sum, value) => sum + value, 0) / finite.length;
    if (name === "duration") return h("span", { title: `mean of ${finite.length}` }, duration(mean));
    const isLess = name.startsWith("min_") || (!name.startsWith("max_") && isLessBetter(name));
    const best = finite.reduce((one, other) => isLess ? Math.min(one, other) : Math.max(one, other));
    const isResult = /^(metric_|eval_|min_|max_)/.test(name);
    return [h("span.mean", { title: `mean of ${finite.length}` }, shown(mean, numberText(mean, 4))),
        isResult && h("span.best", { title: `best: the ${isLess ? "least" : "greatest"}` }, "best ", shown(best, numberText(best, 4)))];
}
