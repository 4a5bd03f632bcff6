/** Many charts: one for each metric, in sections by prefix, with shared settings. Only visible charts are drawn. */
import { fill, h, style } from "../dom.js";
import { Chart, ready } from "./chart.js";
import { Frames } from "./frames.js";
import { resolver } from "./colors.js";
import { isWide, sections, wideButton } from "./sections.js";
import { detailed } from "./series.js";
import { keep, settings, tools } from "./tools.js";
import { legend, tip } from "./legend.js";

/** The most charts of one request. */
const together = 12;

/**
 * @typedef {{ id: string, color: string, hidden?: boolean }} ShownRun
 * @typedef {{ name: string, metrics: string[], article: HTMLElement, host: HTMLElement, head: HTMLElement, seen: boolean,
 *   stale: boolean, isReduced?: boolean, chart: Chart | null, lines: import("./data.js").Line[], axis: string }} Card
 */

export class ChartPanel {
    /**
     * @param {{ runs: ShownRun[], colors?: { training: string, validation: string }, points?: number }} options with `colors`,
     *   lines are coloured by training and validation, else by run; `points`: about how many a line has
     */
    constructor({ runs, colors, points = 800 }) {
        style(new URL("chart.css", import.meta.url));
        // Loaded while the first series are read. On failure it is retried when a chart is drawn.
        ready().catch(() => {});
        this.runs = runs;
        this.colors = colors;
        this.points = points;
        /** @type {Map<string, Card>} */
        this.cards = new Map();
        this.shared = {
            ...settings(), onZoom: (zoom, from) => this.zoom(zoom, from), onCursor: (x, from, y) => this.cursor(x, from, y),
        };
        this.tools = tools(this.shared, (change) => this.change(change));
        this.sections = h("div.chart-sections", {});
        this.tip = h("div.chart-tip", { hidden: true, "aria-hidden": "true" });
        this.element = h("div.charts", {}, this.tools.element, this.sections, this.tip);
        this.sight = new IntersectionObserver((entries) => this.look(entries), { root: document.querySelector("main"), rootMargin: "300px 0px" });
        this.sizes = new ResizeObserver((entries) => entries.forEach(({ target }) => this.cardOf(target)?.chart?.resize()));
        this.scheme = matchMedia("(prefers-color-scheme: dark)");
        this.onScheme = () => this.drawAll();
        this.scheme.addEventListener("change", this.onScheme);
        this.themes = new MutationObserver(this.onScheme);
        this.themes.observe(document.documentElement, { attributes: true });
        this.waiting = new Frames((card) => this.drawCard(card), ready);
    }

    /** Sets the metrics. Existing charts stay. @param {string[]} metrics */
    setMetrics(metrics) {
        const groups = new Map();
        for (const metric of metrics) {
            const name = metric.replace(/^val_(?=.)/, "");
            groups.set(name, [...groups.get(name) ?? [], metric]);
        }
        let isChanged = false;
        for (const [name, own] of groups) {
            own.sort((a, b) => a.length - b.length);
            const card = this.cards.get(name);
            if (!card) this.cards.set(name, this.makeCard(name, own));
            else if (own.join("\n") !== card.metrics.join("\n")) Object.assign(card, { metrics: own, stale: true });
            else continue;
            isChanged = true;
        }
        if (isChanged || metrics.length === 0) this.arrange();
        this.load();
    }

    /** Reads the series again: of visible charts at once, of others when they become visible. */
    refresh() {
        for (const card of this.cards.values()) card.stale = true;
        return this.load();
    }

    /** Brings one run's lines to the front. @param {string | null} id */
    highlight(id) {
        if (this.highlighted === id) return;
        this.highlighted = id;
        for (const card of this.cards.values()) card.chart?.highlight(id);
    }

    /** Updates from the address, after the back button. */
    restore() {
        const before = this.shared.axis;
        Object.assign(this.shared, settings());
        this.tools.show(this.shared);
        this.arrange();
        if (this.shared.axis === before) this.drawAll();
        else this.refresh();
    }

    /** Redraws after colours or hidden runs have changed. */
    drawAll() {
        for (const card of this.cards.values()) if (card.chart) this.waiting.add(card);
    }

    end() {
        this.isEnded = true;
        clearTimeout(this.detail);
        this.sight.disconnect();
        this.sizes.disconnect();
        this.themes.disconnect();
        this.scheme.removeEventListener("change", this.onScheme);
        for (const card of this.cards.values()) card.chart?.end();
    }

    // Cards and sections.

    makeCard(name, metrics) {
        const head = h("header", {}, h("h3", { title: name }, name), wideButton(name));
        const host = h("div.chart", { tabindex: "0", role: "img", "aria-label": `Chart of ${name}` });
        const article = h("article", { class: isWide(name) ? "chart-card wide" : "chart-card" }, head, host);
        /** @type {any} */ (article).cardName = name;
        this.sight.observe(article);
        this.sizes.observe(host);
        /** @type {any} */ (host).cardName = name;
        return { name, metrics, article, host, head, seen: false, stale: true, chart: null, lines: [], axis: "" };
    }

    cardOf(element) {
        return this.cards.get(/** @type {any} */ (element).cardName);
    }

    arrange() {
        this.tools.setCount(this.cards.size);
        const find = this.shared.find.toLowerCase();
        const shown = [...this.cards.values()].filter((card) => card.name.toLowerCase().includes(find));
        fill(this.sections, this.cards.size === 0 ? h("p.empty", {}, "No metrics yet.")
            : shown.length === 0 ? h("p.empty", {}, "No metric's name contains this.") : sections(shown));
    }

    look(entries) {
        for (const { target, isIntersecting } of entries) {
            const card = this.cardOf(target);
            if (!card || card.seen === isIntersecting) continue;
            card.seen = isIntersecting;
            if (!isIntersecting) {
                card.chart?.end();
                card.chart = null;
            } else if (!card.stale) this.waiting.add(card);
        }
        this.load();
    }

    // Data.

    async load() {
        if (this.isLoading || this.isEnded) return;
        this.isLoading = true;
        try {
            for (;;) {
                const cards = [...this.cards.values()].filter((card) => card.seen && card.stale).slice(0, together);
                if (cards.length === 0 || this.runs.length === 0 || this.isEnded) break;
                for (const card of cards) card.stale = false;
                const { axis, zoom } = this.shared;
                const { found, isReduced } = await detailed(
                    this.runs.map((run) => run.id), cards.flatMap((card) => card.metrics), axis, this.points, zoom);
                if (axis !== this.shared.axis) continue;
                for (const card of cards) {
                    card.isReduced = isReduced;
                    this.take(card, found);
                }
            }
            this.tools.setProblem("");
        } catch (problem) {
            this.tools.setProblem(problem.message);
        } finally {
            this.isLoading = false;
        }
    }

    /** @param {Card} card */
    take(card, found) {
        card.lines = card.metrics.flatMap((metric, index) => this.runs.flatMap((run) => {
            const one = found.get(`${run.id}\n${metric}`);
            if (!one || one.x.length === 0) return [];
            card.axis = one.axis;
            const isValidation = metric !== card.name;
            const color = this.colors ? isValidation ? "validation" : "training" : run.id;
            return [{ label: isValidation ? "validation" : "training", metric, run: run.id, color, dashed: !this.colors && index > 0,
                x: one.x, y: one.y }];
        }));
        this.waiting.add(card);
    }

    drawCard(card) {
        if (!card.seen || !card.article.isConnected || this.isEnded) return;
        const lines = this.visible(card);
        card.article.classList.toggle("is-empty", lines.length === 0);
        card.chart ??= new Chart(card.host, this.shared, card.name);
        card.chart.set(lines, card.axis);
        legend(card, lines, null, this.colors !== undefined);
    }

    visible(card) {
        const color = resolver(this.element);
        const runs = new Map(this.runs.map((run) => [run.id, run]));
        return card.lines.filter((line) => !runs.get(line.run)?.hidden).map((line) => ({
            ...line, color: color(this.colors ? this.colors[line.color] : runs.get(line.run).color),
        }));
    }

    // Shared settings.

    change(change) {
        const before = this.shared.axis;
        Object.assign(this.shared, change);
        if (this.shared.axis !== before) this.shared.zoom = null;
        keep(this.shared);
        this.tools.show(this.shared);
        if ("find" in change) this.arrange();
        else if (this.shared.axis !== before) this.refresh();
        else this.drawAll();
    }

    zoom(zoom, from) {
        const text = zoom === null ? "" : zoom.map((x) => Number(x.toPrecision(8))).join("..");
        if (text === (this.shared.zoom ?? []).join("..")) return;
        this.shared.zoom = zoom === null ? null : /** @type {any} */ (text.split("..").map(Number));
        keep(this.shared);
        this.tools.show(this.shared);
        for (const card of this.cards.values()) if (card.chart && card.chart !== from) card.chart.redraw();
        clearTimeout(this.detail);
        this.detail = setTimeout(() => this.sharpen(), 150);
        if (this.cursorAt) this.cursor(this.cursorAt.x, this.cursorAt.from);
    }

    /** Reads all points of the part that is shown. */
    sharpen() {
        for (const card of this.cards.values()) card.stale ||= card.isReduced;
        return this.load();
    }

    cursor(x, from, y) {
        this.cursorAt = { x, from, y };
        this.cursorFrame ??= requestAnimationFrame(() => {
            this.cursorFrame = undefined;
            const { x, from, y } = this.cursorAt;
            for (const card of this.cards.values()) {
                if (!card.chart?.lines) continue;
                card.chart.cursor(x);
                legend(card, card.chart.lines, x, this.colors !== undefined);
                if (card.chart === from && !this.colors) tip(this.tip, card.chart, x, y);
            }
        });
    }
}
