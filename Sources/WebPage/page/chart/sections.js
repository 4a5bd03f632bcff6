/** The sections of a panel: charts whose metrics share a prefix, `layer1/` or `layer1.`, can be closed together. */
import { address, setState } from "../address.js";
import { h } from "../dom.js";

/** @param {{ name: string, article: HTMLElement }[]} cards @returns {HTMLElement[]} */
export function sections(cards) {
    const groups = new Map();
    for (const card of cards) {
        const prefix = /^([\w @:+-]+)[/.]./.exec(card.name)?.[1] ?? "";
        groups.set(prefix, [...groups.get(prefix) ?? [], card]);
    }
    const names = [...groups.keys()].sort((a, b) => (a === "" ? -1 : b === "" ? 1 : a.localeCompare(b, undefined, { numeric: true })));
    const isOne = names.length === 1 && names[0] === "";
    return names.map((name) => h("details.chart-section", {
        open: !closed().has(name), ontoggle: (event) => toggle(name, event.target.open),
    }, isOne ? h("summary", { hidden: true }, "Metrics") : h("summary", {}, name || "metrics", h("span.count", {}, groups.get(name).length)),
    h("div.chart-grid", {}, groups.get(name).map((card) => card.article))));
}

/** The names of the closed sections, from the address; `-` for metrics without a prefix. */
function closed() {
    return new Set((address().state.closed ?? "").split(",").filter(Boolean).map((name) => (name === "-" ? "" : name)));
}

/** The names of the enlarged charts, from the address. */
function wide() {
    return new Set((address().state.wide ?? "").split(",").filter(Boolean).map(decode));
}

/** Whether the chart of a metric is enlarged. @param {string} name */
export const isWide = (name) => wide().has(name);

/** The button in a chart's head that enlarges it. @param {string} name */
export function wideButton(name) {
    const button = h("button.plain.chart-wide", {
        "aria-label": `Enlarge ${name}`, title: "Enlarge", "aria-pressed": String(isWide(name)), onclick: () => {
            const names = wide();
            const isNow = button.closest("article").classList.toggle("wide");
            if (isNow) names.add(name);
            else names.delete(name);
            button.setAttribute("aria-pressed", String(isNow));
            setState({ wide: [...names].map(encodeURIComponent).join(",") });
        },
    }, "⤢");
    return button;
}

function toggle(name, isOpen) {
    const names = closed();
    if (isOpen) names.delete(name);
    else names.add(name);
    setState({ closed: [...names].map((name) => name || "-").join(",") });
}

function decode(text) {
    try { return decodeURIComponent(text); } catch { return text; }
}
