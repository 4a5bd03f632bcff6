/** The columns of runs: their labels, which are shown by default, how they are written in a query. */

const groups = { flag_: "flag", metric_: "metric", eval_: "eval", min_: "min", max_: "max", property_: "property" };
const labels = { run: "Run", status: "Status", start: "Start", end: "End", updated: "Updated", duration: "Duration", sparkline: "Course" };

/** A column's label: its group and its name. @param {string} name */
export function describe(name) {
    for (const [prefix, group] of Object.entries(groups)) {
        if (name.startsWith(prefix) && name.length > prefix.length) return { group, label: name.slice(prefix.length) };
    }
    return { group: "", label: labels[name] ?? name };
}

/** Columns that the page derives from others; the API does not know them. */
export const made = { duration: ["start", "end", "updated", "status"], sparkline: [] };

/** The value of a column of a run; `undefined` if it has none. */
export function valueOf(run, name) {
    if (name !== "duration") return run[name];
    const end = run.end ?? (run.status === "running" ? Date.now() / 1000 : run.updated);
    return end === undefined || run.start === undefined ? undefined : Math.max(0, end - run.start);
}

/** The columns to request in order to show these. */
export function needed(names) {
    const all = new Set(["run", "status", "start", "end", "updated", ...names.flatMap((name) => made[name] ?? [name])]);
    return [...all].filter(isNameable).map(quoted).join(",");
}

/** Whether a query can name a column: a name with a backtick cannot be written. */
export const isNameable = (name) => !name.includes("`");

/** A column as it is written in a condition, an order or a list. */
export const quoted = (name) => /^[A-Za-z][A-Za-z0-9_.]*$/.test(name) ? name : `\`${name}\``;

/** A text as it is written in a condition. */
export const textLiteral = (text) => `"${text.replaceAll("\\", "\\\\").replaceAll("\"", "\\\"").replaceAll("\n", "\\n")}"`;

/** Reads a list of columns from the address. @returns {string[]} */
export function parseList(text) {
    return [...(text ?? "").matchAll(/\s*(?:`([^`]*)`|([^,]+?))\s*(?:,|$)/g)].map((match) => match[1] ?? match[2]);
}

/** A list of columns for the address. */
export const listText = (names) => names.map((name) => name.includes(",") || name.startsWith("-") ? `\`${name}\`` : name).join(",");

/** Reads an order: `-eval_acc,start`. @returns {{ name: string, descending: boolean }[]} */
export function parseOrder(text) {
    return [...(text ?? "").matchAll(/\s*(-?)(?:`([^`]*)`|([^,]+?))\s*(?:,|$)/g)]
        .map((match) => ({ name: match[2] ?? match[3], descending: match[1] === "-" }));
}

/** An order as text. */
export const orderText = (keys) => keys.map(({ name, descending }) => (descending ? "-" : "") + quoted(name)).join(",");

/** Whether less is better, guessed from a metric's name. */
export const isLessBetter = (name) => !/acc|auc|f1|precision|recall|score|reward|return|bleu|rouge|iou|dice|map\b|r2|throughput|speed|per_sec/i.test(name)
    || /error|loss/i.test(name);

/** The column of the best value of a metric. */
export const bestOf = (metric) => (isLessBetter(metric) ? "min_" : "max_") + metric;

/** The metrics, the most informative first: of validation, and losses. @param {string[]} known all columns */
export function mainMetrics(known) {
    const rank = (name) => (name.startsWith("val_") ? 0 : 2) + (/loss|error/.test(name) ? 0 : 1);
    return known.filter((name) => name.startsWith("metric_") && isNameable(name)).map((name) => name.slice(7))
        .filter((name) => !/^(lr|learning_rate|epoch|step|time|elapsed)$/.test(name)).sort((one, other) => rank(one) - rank(other));
}

/**
 * The default columns: those that differ first.
 * @param {string[]} known all columns
 * @param {Record<string, any>[]} runs some runs with all of their columns
 */
export function usual(known, runs) {
    const of = (prefix) => known.filter((name) => name.startsWith(prefix) && isNameable(name));
    const differ = (name) => new Set(runs.map((run) => JSON.stringify(run[name]))).size > 1;
    const share = (name) => runs.filter((run) => run[name] !== undefined).length / runs.length;
    const flags = of("flag_").filter((name) => share(name) > 0).sort((one, other) => Number(share(other) >= 0.5) - Number(share(one) >= 0.5));
    const evaluation = of("eval_").slice(0, 4);
    const main = mainMetrics(known).slice(0, 2);
    return ["run", "status", "start", "duration", ...[...flags.filter(differ), ...flags.filter((name) => !differ(name))].slice(0, 6),
        ...(main.length > 0 ? ["sparkline"] : []), ...main.flatMap((name) => [`metric_${name}`, bestOf(name)]), ...evaluation];
}

/** Compares two values as the server does: numbers, then texts; missing and NaN last in both directions. */
export function compareValues(one, other, descending) {
    const missing = (value) => value === undefined || value === null || value === "NaN";
    if (missing(one) || missing(other)) return Number(missing(one)) - Number(missing(other));
    const number = (value) => value === "Inf" ? Infinity : value === "-Inf" ? -Infinity : typeof value === "boolean" ? Number(value) : value;
    const [first, second] = [number(one), number(other)];
    const isText = [typeof first === "string", typeof second === "string"];
    const order = isText[0] !== isText[1] ? Number(isText[0]) - Number(isText[1]) : first < second ? -1 : first > second ? 1 : 0;
    return descending ? -order : order;
}
