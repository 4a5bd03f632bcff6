/** Beside a run's charts: notes, flags, evaluation, last metrics and properties. */
import { address, setState } from "../address.js";
import { fill, h } from "../dom.js";
import { number, time } from "../format.js";
import { editable } from "./editable.js";

/** Properties that are shown elsewhere. */
const elsewhere = new Set(["notes", "tags", "output", "start", "end", "completed", "type", "context", "script"]);

/** @param {string} id */
export function summary(id) {
    const notes = editable(id, { name: "notes", title: "Notes", isLong: true });
    const tags = editable(id, { name: "tags", title: "Tags", show: (text) => text.split(/[,\s]+/).filter(Boolean)
        .map((tag) => h("span.tag", {}, tag)) });
    const parts = h("div.run-parts", {});
    let shown = "";
    // On a narrow screen the summary is closed, so that charts are visible.
    const narrow = matchMedia("(max-width: 900px)");
    const { summary: wanted = "", folded = "" } = address().state;
    const whole = h("details.run-summary", { open: wanted ? wanted === "open" : !narrow.matches, ontoggle: () => {
        const isUsual = whole.open !== narrow.matches;
        setState({ summary: isUsual ? "" : whole.open ? "open" : "closed" });
    } }, h("summary", {}, "Flags, values, properties"), parts);
    narrow.onchange = () => { whole.open = !narrow.matches; };
    /** The closed sections, from the address. */
    const closed = new Set(folded.split(",").filter(Boolean));
    const noteSection = (event) => {
        const { open, dataset } = event.currentTarget;
        if (open) closed.delete(dataset.name); else closed.add(dataset.name);
        setState({ folded: [...closed].join(",") });
    };
    return {
        element: h("div", {}, notes.element, tags.element, whole),
        show(run, properties) {
            notes.show(properties.notes ?? "");
            tags.show(properties.tags ?? "");
            const groups = [
                ["Flags", named(run, "flag_")], ["Evaluation", named(run, "eval_")],
                ["Metrics", named(run, "metric_"), "last values"],
                ["Properties", Object.entries(properties).filter(([name]) => !elsewhere.has(name))],
                ["More", more(run)],
            ];
            const text = JSON.stringify(groups);
            if (text === shown) return;
            shown = text;
            fill(parts, groups.filter(([, list]) => list.length > 0).map(([title, list, hint]) => h("details", {
                open: !closed.has(String(title)), ontoggle: noteSection, "data-name": title },
            h("summary", {}, title, h("span.count", {}, hint ?? String(list.length))),
            table(list, title === "More"))));
        },
        end() { narrow.onchange = null; },
    };
}

function named(run, prefix) {
    return Object.entries(run).filter(([key]) => key.startsWith(prefix)).map(([key, value]) => [key.slice(prefix.length), value]);
}

function more(run) {
    return ["type", "completed", "steps_completed", "epochs_completed", "samples", "updated"]
        .filter((key) => run[key] !== undefined).map((key) => [key, run[key]]);
}

const most = 200;

function table(list, hasTimes) {
    const rows = list.slice(0, most).map(([name, value]) => h("tr", {},
        h("th", { scope: "row", title: name }, name), h("td", {}, shown(name, value, hasTimes))));
    return h("table.pairs", {}, h("tbody", {}, rows), list.length > most && h("tfoot", {}, h("tr", {},
        h("td.dim", { colSpan: 2 }, `and ${list.length - most} more`))));
}

function shown(name, value, hasTimes) {
    if (hasTimes && name === "updated") return time(value);
    if (typeof value === "number") return number(value);
    if (typeof value === "string") {
        return value.length > 400 ? h("span", { title: value.slice(0, 4000) }, `${value.slice(0, 400)}…`) : value;
    }
    return JSON.stringify(value);
}
