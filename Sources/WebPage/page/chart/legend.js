/** What lines are at the cursor, or at their end. */
import { fill, h } from "../dom.js";
import * as format from "../format.js";
import { nearest } from "./data.js";

/** Shows the values of a card's lines in its head. @param {number | null} x where; `null`: the last ones */
export function legend(card, lines, x, isOfOneRun) {
    const { head } = card;
    const name = head.firstChild;
    if (!isOfOneRun) return;
    const parts = lines.map((line) => {
        const index = x === null ? line.x.length - 1 : nearest(line.x, x);
        const value = line.y[index];
        return h("span.chart-value", { title: `${line.metric}: ${text(value)}, ${card.axis} ${line.x[index]}` },
            h("i", { style: { background: line.color } }), lines.length > 1 || line.label !== "training" ? short(line.label) : null, h("b", {}, text(value, 5)));
    });
    head.replaceChildren(name, h("span.chart-values", {}, parts));
}

/** Shows which run each line near the cursor is. @param {HTMLElement} element @param {import("./chart.js").Chart} chart */
export function tip(element, chart, x) {
    element.hidden = x === null;
    if (x === null) return;
    const list = chart.values(x).map(({ line, index }) => ({ line, x: line.x[index], y: line.y[index] }))
        .sort((a, b) => (b.y ?? -Infinity) - (a.y ?? -Infinity));
    const shown = list.slice(0, 16);
    fill(element, h("div.chart-tip-x", {}, place(chart.axis, x)), shown.map(({ line, y }) => h("div", {},
        h("i", { class: line.dashed ? "dashed" : "", style: { "--line-color": line.color } }), h("span", {}, line.run, line.dashed ? " · val" : ""),
        h("b", {}, text(y, 5)))), list.length > shown.length ? h("div", {}, `and ${list.length - shown.length} more`) : null);
    const box = chart.host.getBoundingClientRect();
    const at = chart.plot.toDomXCoord(chart.pixels(x));
    const isRight = box.left + at + element.offsetWidth + 24 < document.documentElement.clientWidth;
    element.style.left = `${box.left + at + (isRight ? 14 : -14 - element.offsetWidth)}px`;
    element.style.top = `${Math.min(Math.max(box.top, 8), innerHeight - element.offsetHeight - 8)}px`;
}

function place(axis, x) {
    if (axis === "time") return format.timeText(x);
    if (axis === "elapsed") return format.durationText(x);
    return `${axis} ${x}`;
}

function text(value, digits) {
    if (value === null || value === undefined) return "–";
    if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "Inf" : "-Inf";
    return digits === undefined ? String(value) : format.numberText(value, digits);
}

const short = (label) => (label === "validation" ? "val" : "train");
