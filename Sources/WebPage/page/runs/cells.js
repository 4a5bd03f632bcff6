/** The cells of the table of runs. */
import { link } from "../address.js";
import { h } from "../dom.js";
import { duration, number, scale, shown, time } from "../format.js";
import { valueOf } from "./columns.js";

const times = new Set(["start", "end", "updated"]);
/** The most characters of a cell's text; the run's own view shows the rest. */
const longest = 200;

/** Whether a column's values are numbers, which are right-aligned. */
export function isNumeric(name, runs) {
    if (times.has(name)) return false;
    if (name === "duration") return true;
    const value = runs.map((run) => valueOf(run, name)).find((found) => found !== undefined && found !== null);
    return typeof value === "number" || value === "NaN" || value === "Inf" || value === "-Inf";
}

/** A function that makes the contents of a column's cells, in one format. @param {Record<string, any>[]} runs a sample */
export function cellMaker(name, runs) {
    if (name === "run") return (run) => h("a", { href: link(["run", run.run]), title: run.run }, run.run);
    if (name === "status") return (run) => status(run.status);
    if (times.has(name)) return (run) => run[name] === undefined ? null : time(run[name]);
    if (name === "duration") return (run) => { const seconds = valueOf(run, name); return seconds === undefined ? null : duration(seconds); };
    const text = scale(runs.map((run) => run[name]));
    const make = (run) => {
        const value = run[name];
        if (value === undefined || value === null) return null;
        if (typeof value === "number") return /^(min_|max_|metric_|eval_)/.test(name) ? shown(value, text(value)) : number(value);
        if (typeof value === "boolean") return h("span", {}, value ? "TRUE" : "FALSE");
        const whole = typeof value === "string" ? value : JSON.stringify(value);
        const short = whole.length > longest ? `${whole.slice(0, longest)}…` : whole;
        return h("span", { title: whole.slice(0, 2000) }, short);
    };
    return Object.assign(make, { key: text.key });
}

/** A status as word and colour. */
export function status(word) {
    return h(`span.status.${word}`, {}, word);
}
