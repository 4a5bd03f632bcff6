/** The values of lines at the cursor, or at their end. */
import { fill, h } from "../dom.js";
import * as format from "../format.js";
import { nearest } from "./data.js";

/** The most lines of the list at the cursor. */
const most = 16;

/** Shows the values of a card's lines in its head. @param {number | null} x the cursor; `null`: the last values */
export function legend(card, lines, x, isOfOneRun) {
    if (!isOfOneRun) return;
    const { head } = card;
    const parts = lines.map((line) => {
        const index = x === null ? line.x.length - 1 : nearest(line.x, x);
        const value = line.y[index];
        return h("span.chart-value", { title: `${line.metric}: ${text(value)}, ${card.axis} ${line.x[index]}` },
            h("i", { style: { background: line.color } }), lines.length > 1 || line.label !== "training" ? short(line.label) : null, h("b", {}, text(value, 5)));
    });
    head.querySelector(".chart-values")?.remove();
    head.children[0].after(h("span.chart-values", {}, parts));
}

/**
 * Shows which run each line near the cursor is.
 * @param {HTMLElement} element @param {import("./chart.js").Chart} chart @param {number | null} x
 * @param {number} [y] the pointer in the chart: the nearest line is highlighted
 */
export function tip(element, chart, x, y) {
    element.hidden = x === null;
    if (x === null) return;
    const height = (one) => (Number.isFinite(one.y) ? one.y : -Infinity);
    const list = chart.values(x).map(({ line, index }) => ({ line, y: line.y[index] })).sort((a, b) => height(b) - height(a) || 0);
    const distance = (one) => (y === undefined || !Number.isFinite(one.y) ? Infinity : Math.abs(chart.plot.toDomYCoord(one.y) - y));
    const near = list.reduce((best, one) => (distance(one) < distance(best) ? one : best), list[0]);
    const from = Math.min(Math.max(0, list.indexOf(near) - most / 2), Math.max(0, list.length - most));
    const shown = list.slice(from, from + most);
    fill(element, h("div.chart-tip-x", {}, place(chart.axis, x)), shown.map((one) => h(one === near && distance(one) < 40 ? "div.near" : "div", {},
        h("i", { class: one.line.dashed ? "dashed" : "", style: { "--line-color": one.line.color } }),
        h("span", {}, one.line.run, one.line.dashed ? " · val" : ""), h("b", {}, text(one.y, 5)))),
    list.length > shown.length && h("div", {}, `and ${list.length - shown.length} more`));
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
