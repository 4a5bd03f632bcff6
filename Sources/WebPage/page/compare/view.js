/** Runs side by side: their inputs and results, their metrics overlaid, and the differences of their source. */
import { address, link, setState } from "../address.js";
import { json, query } from "../api.js";
import { fill, h, style } from "../dom.js";
import { subscribe } from "../live.js";
import { ofRun } from "../chart/colors.js";
import { ChartPanel } from "../chart/panel.js";
import { sourceDiff } from "./source.js";
import { values } from "./values.js";
import { chips } from "./chips.js";

/** @param {HTMLElement} main */
export function show(main) {
    let view = new CompareView(main);
    return {
        end: () => view.end(),
        update: () => {
            if (view.runs.join() === named().join()) return view.restore();
            view.end();
            view = new CompareView(main);
        },
    };
}

/** The runs in the address, without duplicates. */
function named() {
    return [...new Set((address().state.runs ?? "").split(",").filter(Boolean))];
}

/** The runs whose lines are hidden, from the address. */
function hidden() {
    return new Set((address().state.hidden ?? "").split(",").filter(Boolean));
}

class CompareView {
    constructor(main) {
        this.runs = named();
        this.shown = this.runs.map((id, index) => ({ id, color: ofRun(index), hidden: hidden().has(id) }));
        this.chips = chips(this.shown, {
            change: (runs) => this.change(runs), toggle: () => this.toggle(), hover: (id) => this.hover(id) });
        this.table = h("div.compare-values", {});
        this.charts = new ChartPanel({ runs: this.shown, points: Math.max(150, Math.min(500, Math.round(6000 / this.runs.length))) });
        this.source = sourceDiff(this.runs);
        this.all = h("input", { type: "checkbox", onchange: () => { setState({ all: this.all.checked ? "1" : "" }); this.render(); } });
        this.element = h("div.compare", {},
            h("div.compare-head", {}, h("h1", {}, "Compare"), this.chips.element),
            h("section", {}, h("div.compare-bar", {}, h("h2", {}, "Values"), h("label", {}, this.all, "Show equal values")), this.table),
            h("section", {}, h("h2", {}, "Metrics"), this.charts.element),
            this.source.element);
        this.restoreAll();
        fill(main, this.element);
        this.start();
    }

    async start() {
        await style(new URL("compare.css", import.meta.url));
        if (this.runs.length < 2) {
            fill(this.element, h("div.compare-head", {}, h("h1", {}, "Compare"), this.chips.element),
                h("p.empty", {}, this.runs.length === 0 ? "Select runs in the " : "One run is selected. Add another here, or select some in the ",
                    h("a", { href: "#/" }, "list of runs"), "."));
            return;
        }
        this.stop = subscribe((event) => this.happened(event));
        await this.load();
    }

    end() {
        this.isEnded = true;
        clearTimeout(this.timer);
        this.stop?.();
        this.charts.end();
    }

    restore() {
        this.restoreAll();
        for (const run of this.shown) run.hidden = hidden().has(run.id);
        this.chips.show();
        this.render();
        this.charts.restore();
        this.source.restore();
    }

    restoreAll() {
        this.all.checked = address().state.all === "1";
    }

    async load() {
        this.isLoading = true;
        try {
            this.comparison = await json(`compare${query({ runs: this.runs.join(","), source: "false" })}`);
            if (this.isEnded) return;
            this.render();
            this.charts.setMetrics(Object.keys(this.comparison.metrics));
        } catch (problem) {
            if (!this.isEnded && !this.comparison) fill(this.table, h("p.problem", {}, problem.message));
        } finally {
            this.isLoading = false;
        }
    }

    render() {
        if (this.comparison) fill(this.table, values(this.comparison, this.shown, this.all.checked));
    }

    /** Compares other runs. */
    change(runs) {
        location.hash = link(["compare"], { ...address().state, runs: runs.join(",") });
    }

    toggle() {
        setState({ hidden: this.shown.filter((run) => run.hidden).map((run) => run.id).join(",") });
        this.charts.drawAll();
        this.render();
    }

    /** Brings a run's lines to the front. */
    hover(id) {
        this.charts.highlight(id);
    }

    happened(event) {
        if (event.type !== "reset" && !this.runs.includes(event.run ?? event.data.run)) return;
        if (["output", "artifact"].includes(event.type)) return;
        if (["metrics", "skipped", "reset"].includes(event.type)) this.isNew = true;
        this.timer ??= setTimeout(async () => {
            const isNew = this.isNew;
            this.isNew = false;
            const start = performance.now();
            await Promise.all([this.load(), isNew ? this.charts.refresh() : null]);
            this.pause = Math.max(1000, 3 * (performance.now() - start));
            this.timer = undefined;
            if (this.isNew && !this.isEnded) this.happened({ type: "reset" });
        }, this.pause ?? 100);
    }
}
