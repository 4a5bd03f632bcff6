/** The controls of a panel of charts. */
import { address, setState } from "../address.js";
import { h } from "../dom.js";

const axes = [["", "own axis"], ["step", "step"], ["epoch", "epoch"], ["row", "row"], ["time", "time"], ["elapsed", "elapsed"]];

/** The settings of all charts, from the address. */
export function settings() {
    const { state } = address();
    const zoom = (state.zoom ?? "").split("..").map(Number);
    return {
        axis: axes.some(([axis]) => axis === state.x) ? state.x : "", log: state.log === "1", find: state.find ?? "",
        smooth: Math.min(Math.max(Number(state.smooth) || 0, 0), 0.99),
        zoom: /** @type {[number, number] | null} */ (zoom.length === 2 && zoom.every(Number.isFinite) && zoom[0] < zoom[1] ? zoom : null),
    };
}

/** Puts the settings into the address. */
export function keep({ axis, log, smooth, find, zoom }) {
    setState({ x: axis, log: log ? "1" : "", smooth: smooth > 0 ? smooth : "", find, zoom: zoom ? zoom.join("..") : "" });
}

/**
 * @param {any} shared the current settings @param {(change: any) => void} change called with the user's change
 */
export function tools(shared, change) {
    let wait = 0;
    const find = h("input.chart-find", {
        type: "search", placeholder: "Find a metric", "aria-label": "Find a metric", value: shared.find, hidden: true,
        oninput: () => { clearTimeout(wait); wait = setTimeout(() => change({ find: find.value.trim() }), 120); },
    });
    const axis = h("select", { "aria-label": "X axis", onchange: () => change({ axis: axis.value }) },
        axes.map(([value, text]) => h("option", { value, selected: value === shared.axis }, text)));
    const log = h("button", { type: "button", onclick: () => change({ log: !shared.log }) }, "Log");
    const smooth = h("input", {
        type: "range", min: "0", max: "0.99", step: "0.01", "aria-label": "Smoothing",
        oninput: () => change({ smooth: Number(smooth.value) }),
    });
    const smoothText = h("output.chart-smooth", {});
    const reset = h("button", { type: "button", hidden: true, onclick: () => change({ zoom: null }) }, "Reset zoom");
    const problem = h("span.chart-problem", { role: "status" });
    const element = h("div.chart-tools", { role: "toolbar", "aria-label": "Charts" },
        h("label", {}, h("span", {}, "X"), axis), log,
        h("label", {}, h("span", {}, "Smoothing"), smooth, smoothText), reset, problem, find);
    const show = (now) => {
        axis.value = now.axis;
        smooth.value = String(now.smooth);
        log.setAttribute("aria-pressed", String(now.log));
        smoothText.textContent = now.smooth.toFixed(2);
        reset.hidden = now.zoom === null;
    };
    show(shared);
    return {
        element, show,
        setCount: (count) => { find.hidden = count < 7 && find.value === ""; },
        setProblem: (text) => { problem.textContent = text; },
    };
}
