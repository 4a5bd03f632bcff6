/** Requests for series. */
import { json, query } from "../api.js";

/**
 * The series of metrics of runs.
 * @param {string[]} runs @param {string[]} metrics @param {string} axis one of the API's, or empty: each run's own
 * @param {number} points about how many points each has @param {[number, number] | null} [range] of the axis; default:
 * all of it
 * @returns {Promise<Map<string, { axis: string, x: number[], y: any[] }>>} by run id and metric, with a line feed between
 */
async function series(runs, metrics, axis, points, range = null) {
    const found = new Map();
    const nameable = metrics.filter(isNameable);
    const lists = parts(nameable, 1500).map((some) => some.map(quoted).join(","));
    if (nameable.length < metrics.length) lists.push("");
    await Promise.all(lists.flatMap((list) => parts(runs, 3000).map(async (ids) => {
        const reply = await json(`series${query({ runs: ids.join(","), metrics: list, x: axis, points, from: range?.[0], to: range?.[1] })}`);
        for (const one of reply.series) found.set(`${one.run}\n${one.metric}`, one);
    })));
    return found;
}

/**
 * The same, with up to `points` points in the shown part of the axis.
 * @param {string[]} runs @param {string[]} metrics @param {string} axis @param {number} points
 * @param {[number, number] | null} range the shown part of the axis
 * @returns {Promise<{ found: Map<string, any>, isReduced: boolean }>} `isReduced`: whether a smaller range may show
 * more points
 */
export async function detailed(runs, metrics, axis, points, range) {
    const whole = await series(runs, metrics, axis, points);
    const isReduced = [...whole.values()].some((one) => one.x.length >= points * 0.8);
    if (!range || !isReduced) return { found: whole, isReduced };
    return { found: spliced(whole, await series(runs, metrics, axis, points, range), range), isReduced };
}

/**
 * Series with the detailed points of a part of the axis, and the coarse ones outside of it, so that lines continue on
 * both sides.
 * @param {Map<string, any>} whole @param {Map<string, any>} part @param {[number, number]} range
 */
function spliced(whole, part, [from, to]) {
    return new Map([...whole].map(([key, one]) => {
        const inner = part.get(key) ?? { x: [], y: [] };
        const begin = one.x.findIndex((x) => x >= from), end = one.x.findIndex((x) => x > to);
        const [left, right] = [begin < 0 ? one.x.length : begin, end < 0 ? one.x.length : end];
        const joined = (name) => [...one[name].slice(0, left), ...inner[name], ...one[name].slice(right)];
        return [key, { ...one, x: joined("x"), y: joined("y") }];
    }));
}

/** Splits names into lists that fit into an address. @param {string[]} names @returns {string[][]} */
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

/** Whether a name can be in a list of names; otherwise all metrics are requested. */
function isNameable(name) {
    return !name.includes("`") || !(name.includes(",") || name.startsWith("`"));
}

function quoted(name) {
    return name.includes(",") ? `\`${name}\`` : name;
}
