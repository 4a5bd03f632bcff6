/** Converts the server's series to the rows that are drawn. */

/**
 * A line.
 * @typedef {{ label: string, color: string, dashed?: boolean, run?: string, x: number[], y: (number | string | null)[] }} Line
 * A value that cannot be drawn where it happened.
 * @typedef {{ x: number, kind: "NaN" | "Inf" | "-Inf", color: string }} Mark
 */

const words = { NaN: NaN, Inf: Infinity, "-Inf": -Infinity };

/** A value of a series as a number; `null` if missing. @returns {number | null} */
export function numeric(value) {
    if (value === null || value === undefined) return null;
    return typeof value === "number" ? value : words[value] ?? NaN;
}

/**
 * An exponential moving average with bias correction at the start, as in TensorBoard. Non-finite values stay in place
 * and do not count.
 * @param {(number | null)[]} values
 * @param {number} weight of the previous values, 0 to 1
 */
export function smoothed(values, weight) {
    let last = 0, correction = 0;
    return values.map((value) => {
        if (value === null || !Number.isFinite(value)) return value;
        last = last * weight + (1 - weight) * value;
        correction = correction * weight + (1 - weight);
        return last / correction;
    });
}

/** The index of the nearest value in an ascending list; -1 if it is empty. */
export function nearest(list, value) {
    if (list.length === 0) return -1;
    let low = 0, high = list.length - 1;
    while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (list[middle] < value) low = middle;
        else high = middle;
    }
    return value - list[low] <= list[high] - value ? low : high;
}

/**
 * Rows for dygraphs: `[x, y of the first line, …]`; `null` where a line has no value but continues; `NaN` where it is
 * broken.
 * @param {{ x: number[], y: (number | null)[] }[]} lines
 * @param {(x: number) => any} toX
 */
export function rows(lines, toX) {
    const shared = lines.every((line) => same(line.x, lines[0].x)) ? lines[0]?.x ?? [] : union(lines.map((line) => line.x));
    const table = shared.map((x) => [toX(x), ...lines.map(() => null)]);
    lines.forEach((line, column) => {
        let row = 0;
        for (let i = 0; i < line.x.length; i++) {
            while (shared[row] < line.x[i]) row++;
            const y = line.y[i];
            table[row][column + 1] = y === null ? null : Number.isFinite(y) ? y : NaN;
        }
    });
    return table;
}

/** The values of lines that cannot be drawn. @param {Line[]} lines @returns {Mark[]} */
export function marks(lines) {
    const found = [];
    for (const line of lines) {
        line.y.forEach((value, i) => {
            if (typeof value === "string") found.push({ x: line.x[i], kind: value, color: line.color });
        });
    }
    return found;
}

function same(a, b) {
    return a === b || (a.length === b.length && a.every((value, i) => value === b[i]));
}

function union(lists) {
    const all = new Float64Array(lists.reduce((sum, list) => sum + list.length, 0));
    let at = 0;
    for (const list of lists) {
        all.set(list, at);
        at += list.length;
    }
    all.sort();
    return Array.from(all.filter((value, i) => i === 0 || value !== all[i - 1]));
}
