/** Asking for series. */
import { json, query } from "../api.js";

/**
 * The series of metrics of runs.
 * @param {string[]} runs @param {string[]} metrics @param {string} axis one of the API's, or empty: each run's own
 * @returns {Promise<Map<string, { axis: string, x: number[], y: any[] }>>} by run id and metric, with a line feed between
 */
export async function series(runs, metrics, axis, points) {
    const found = new Map();
    const nameable = metrics.filter(isNameable);
    const lists = parts(nameable, 1500).map((some) => some.map(quoted).join(","));
    if (nameable.length < metrics.length) lists.push("");
    await Promise.all(lists.flatMap((list) => parts(runs, 3000).map(async (ids) => {
        const reply = await json(`series${query({ runs: ids.join(","), metrics: list, x: axis, points })}`);
        for (const one of reply.series) found.set(`${one.run}\n${one.metric}`, one);
    })));
    return found;
}

/** Lists of names that an address has room for. @param {string[]} names @returns {string[][]} */
function parts(names, most) {
    /** @type {string[][]} */
    const lists = [];
    let length = most;
    for (const name of names) {
        const own = encodeURIComponent(name).length + 9;
        if (length + own > most) {
            lists.push([]);
            length = 0;
        }
        lists.at(-1).push(name);
        length += own;
    }
    return lists;
}

/** Whether a list of names can have it; otherwise all metrics are asked for. */
function isNameable(name) {
    return !name.includes("`") || !(name.includes(",") || name.startsWith("`"));
}

function quoted(name) {
    return name.includes(",") ? `\`${name}\`` : name;
}
