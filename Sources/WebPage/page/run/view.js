/** One run: its head, charts, output, source, files and metadata of custom types. */
import { address, setState } from "../address.js";
import { at, json } from "../api.js";
import { attempt } from "../confirm.js";
import { fill, h, style } from "../dom.js";
import { subscribe } from "../live.js";
import { ChartPanel } from "../chart/panel.js";
import { errorCard } from "./error.js";
import { head } from "./head.js";
import { summary } from "./summary.js";

const standard = new Set(["flags", "properties", "metrics", "evaluation", "error", "source", "output"]);

/** The tabs. Their modules are loaded when they are first opened. */
const tabs = [
    { name: "charts", title: "Charts" },
    { name: "output", title: "Output", load: () => import("./output.js") },
    { name: "source", title: "Source", load: () => import("./source.js") },
    { name: "files", title: "Files", load: () => import("./files.js") },
    { name: "metadata", title: "Metadata", load: () => import("./metadata.js") },
    { name: "use", title: "Use", load: () => import("./use.js") },
];

/** @param {HTMLElement} main */
export function show(main, { path: [id] }) {
    const view = new RunView(id ?? "");
    fill(main, view.element);
    view.start();
    return { end: () => view.end(), update: () => view.openTab(false) };
}

class RunView {
    constructor(id) {
        this.id = id;
        /** As `GET /runs/{id}` has it. @type {any} */
        this.run = null;
        /** Types of its metadata. @type {string[]} */
        this.types = [];
        /** @type {Record<string, string>} */
        this.properties = {};
        /** @type {Map<string, { element: HTMLElement, event?: (event: any) => void, update?: () => void, end?: () => void }>} */
        this.open = new Map();
        this.title = h("div.run-head", {}, h("h1", {}, id));
        this.error = h("div.run-error", {});
        this.side = h("aside.run-side", { "aria-label": "Summary" });
        this.body = h("div.run-body", {});
        this.tabs = h("div.tabs", { role: "tablist", "aria-label": "Parts of the run", onkeydown: (event) => this.tabKey(event) });
        this.element = h("div.run", {}, this.title, this.error,
            h("div.run-columns", {}, this.side, h("div.run-main", {}, this.tabs, this.body)));
    }

    async start() {
        this.stop = subscribe((event) => this.happened(event));
        await Promise.all([style(new URL("run.css", import.meta.url)), this.load()]);
        if (!this.isEnded && this.run) this.openTab(false);
    }

    end() {
        this.isEnded = true;
        this.stop?.();
        clearTimeout(this.timer);
        this.summary?.end();
        for (const tab of this.open.values()) tab.end?.();
    }

    /** Reads the run, and shows what has changed. */
    async load() {
        this.isLoading = true;
        this.isStale = false;
        try {
            const path = `runs/${at(this.id)}`;
            const [run, list] = await Promise.all([json(path), json(`${path}/metadata`)]);
            const types = list.metadata.map((one) => one.type);
            const [properties, error] = await Promise.all([
                types.includes("properties") ? json(`${path}/metadata/properties`) : {},
                types.includes("error") ? json(`${path}/metadata/error`) : null,
            ]);
            if (this.isEnded) return;
            Object.assign(this, { run, types, properties });
            this.render(error);
        } catch (problem) {
            if (this.isEnded) return;
            if (!this.run) {
                fill(this.element, h("div.problem", {}, h("p", {}, problem.message), h("a", { href: "#/" }, "See the runs.")));
            }
        } finally {
            this.isLoading = false;
            if (this.isStale) this.plan();
        }
    }

    render(error) {
        const { run, types, properties } = this;
        fill(this.title, head(run, () => this.load()));
        errorCard(this.error, error);
        if (!this.summary) {
            this.summary = summary(this.id);
            fill(this.side, this.summary.element);
        }
        this.summary.show(run, properties);
        const custom = types.filter((type) => !standard.has(type));
        this.custom = custom;
        const shown = tabs.filter(({ name }) => name !== "metadata" || custom.length > 0);
        if (shown.map(({ name }) => name).join() !== this.shownTabs?.map(({ name }) => name).join()) {
            this.shownTabs = shown;
            fill(this.tabs, shown.map(({ name, title }) => h("button", {
                role: "tab", id: `tab-${name}`, "aria-selected": "false", tabindex: "-1",
                onclick: () => this.choose(name),
            }, title)));
            if (this.tab) this.markTab();
        }
        this.metrics = Object.keys(run).filter((key) => key.startsWith("metric_")).map((key) => key.slice(7));
        this.charts?.setMetrics(this.metrics);
    }

    // Tabs.

    choose(name) {
        setState({ tab: name === "charts" ? "" : name, file: "" }, { push: true });
        this.openTab(true);
    }

    /** Opens the tab that the address names. */
    async openTab(focus) {
        const { state } = address();
        const tab = this.shownTabs?.find(({ name }) => name === state.tab) ?? tabs[0];
        this.tab = tab.name;
        this.markTab();
        if (focus) document.getElementById(`tab-${tab.name}`)?.focus();
        let made = this.open.get(tab.name);
        if (!made) {
            made = tab.load ? await attempt(async () => (await tab.load()).open(this)) : this.makeCharts();
            if (!made) return;
            if (this.isEnded) return made.end?.();
            made.element.id = `panel-${tab.name}`;
            made.element.setAttribute("role", "tabpanel");
            made.element.setAttribute("aria-labelledby", `tab-${tab.name}`);
            this.open.set(tab.name, made);
        } else made.update?.();
        if (this.tab === tab.name && this.body.lastChild !== made.element) fill(this.body, h("h2.unseen", {}, tab.title), made.element);
    }

    makeCharts() {
        this.charts = new ChartPanel({
            runs: [{ id: this.id, color: "--training" }], colors: { training: "--training", validation: "--validation" } });
        this.charts.setMetrics(this.metrics);
        return { element: this.charts.element, update: () => this.charts.restore(), end: () => this.charts.end() };
    }

    markTab() {
        for (const button of this.tabs.children) {
            const isOpen = button.id === `tab-${this.tab}`;
            button.setAttribute("aria-selected", String(isOpen));
            button.setAttribute("tabindex", isOpen ? "0" : "-1");
            // The other panels are not in the document.
            if (isOpen) button.setAttribute("aria-controls", `panel-${this.tab}`);
            else button.removeAttribute("aria-controls");
            // On a narrow page the tabs scroll sideways.
            if (isOpen) this.tabs.scrollLeft = Math.max(0, button.offsetLeft - this.tabs.offsetLeft + button.offsetWidth - this.tabs.clientWidth);
        }
    }

    tabKey(event) {
        const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
        if (!step) return;
        event.preventDefault();
        const names = this.shownTabs.map(({ name }) => name);
        this.choose(names[(names.indexOf(this.tab) + step + names.length) % names.length]);
    }

    // Events.

    happened(event) {
        if (event.type === "reset") {
            this.isNew = true;
            for (const tab of this.open.values()) tab.event?.(event);
            return this.plan();
        }
        if ((event.run ?? event.data.run) !== this.id) return;
        if (event.type === "metrics" || event.type === "skipped") this.isNew = true;
        for (const tab of this.open.values()) tab.event?.(event);
        if (event.type !== "output" && event.type !== "artifact") this.plan();
    }

    /** Schedules a reload: at once after a pause, and at most about once a second, or a third of the time. */
    plan() {
        this.isStale = true;
        if (this.isLoading || this.timer) return;
        const pause = Math.max(50, (this.last ?? 0) + Math.max(900, 3 * (this.took ?? 0)) - performance.now());
        this.timer = setTimeout(async () => {
            const start = performance.now();
            const isNew = this.isNew;
            this.isNew = false;
            await Promise.all([this.load(), isNew ? this.charts?.refresh() : null]);
            this.last = performance.now();
            this.took = this.last - start;
            this.timer = undefined;
            if (this.isStale && !this.isEnded) this.plan();
        }, pause);
    }
}
