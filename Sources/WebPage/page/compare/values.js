/** The table of flags, evaluation, last metrics and properties, a column for each run. */
import { h } from "../dom.js";
import { link } from "../address.js";
import { number, time } from "../format.js";

/** Properties that are times, which always differ. */
const times = new Set(["start", "end"]);
const most = 300;

/** @param {any} comparison as `GET /compare` has it @param {{ id: string, color: string }[]} runs @param {boolean} all */
export function values(comparison, runs, all) {
    const groups = [
        ["Flags", comparison.flags], ["Evaluation", comparison.evaluation], ["Last metrics", comparison.metrics],
        ["Properties", comparison.properties],
    ].map(([title, columns]) => ({
        title, rows: Object.entries(columns).filter(([name]) => !(title === "Properties" && name === "output"))
            .filter(([, list]) => all || differ(list)),
    })).filter(({ rows }) => rows.length > 0);
    if (groups.length === 0) return h("p.empty", {}, all ? "These runs have no values." : "All values are the same.");
    return h("div.compare-scroll", { tabindex: "0", role: "region", "aria-label": "Values side by side" }, h("table.compare-table", {},
        h("thead", {}, h("tr", {}, h("td", {}), runs.map((run) => h("th", { scope: "col", title: run.id },
            h("i", { style: { "--line-color": `var(${run.color})` } }), h("a", { href: link(["run", run.id]) }, run.id))))),
        groups.map(({ title, rows }) => h("tbody", {},
            h("tr.group", {}, h("th", { scope: "rowgroup", colSpan: runs.length + 1 }, h("span", {}, title))),
            rows.slice(0, most).map(([name, list]) => row(name, list, title)),
            rows.length > most && h("tr", {}, h("td.dim", { colSpan: runs.length + 1 }, `and ${rows.length - most} more`))))));
}

function differ(list) {
    return list.some((value) => JSON.stringify(value) !== JSON.stringify(list[0]));
}

function row(name, list, title) {
    const isDifferent = differ(list);
    const best = title === "Flags" || title === "Properties" ? [] : extremes(list);
    return h("tr", { class: isDifferent ? "differs" : "" }, h("th", { scope: "row", title: name }, name), list.map((value) => h("td", {
        class: value === null ? "dim" : best.includes(value) ? "extreme" : "",
        title: best.includes(value) ? (value === best[0] ? "least" : "greatest") : null,
    }, text(value, title === "Properties" && times.has(name)))));
}

/** The least and the greatest of three or more numbers, if they differ. */
function extremes(list) {
    const numbers = list.filter((value) => typeof value === "number" && Number.isFinite(value));
    if (numbers.length < 3) return [];
    const least = Math.min(...numbers), greatest = Math.max(...numbers);
    return least === greatest ? [] : [least, greatest];
}

function text(value, isTime) {
    if (value === null) return "–";
    if (isTime && Number.isFinite(Number(value))) return time(Number(value));
    if (typeof value === "number") return number(value);
    const full = typeof value === "string" ? value : JSON.stringify(value);
    return full.length > 300 ? h("span", { title: full.slice(0, 4000) }, `${full.slice(0, 300)}…`) : full;
}
