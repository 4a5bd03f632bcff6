/** One chart: lines over a common axis, drawn by dygraphs; shares its cursor and zoom with others. */
import { fill, h, style } from "../dom.js";
import * as format from "../format.js";
import { faint, resolver } from "./colors.js";
import { script } from "./library.js";
import { description, drawMarks, tick } from "./paint.js";
import { marks, nearest, numeric, rows, smoothed } from "./data.js";

/** @typedef {import("./data.js").Line} Line */
/**
 * The settings that charts share.
 * @typedef {{ axis: string, log: boolean, smooth: number, zoom: [number, number] | null,
 *   onZoom: (zoom: [number, number] | null, from: Chart | null) => void, onCursor: (x: number | null, from: Chart, y?: number) => void }} Shared
 */

/** Loads the files that charts need. */
export async function ready() {
    await Promise.all([script("dygraph.js"), style(new URL("../lib/dygraph.css", import.meta.url))]);
    // dygraphs' legend and labels would interpret names as HTML.
    const { Dygraph } = /** @type {any} */ (globalThis);
    Dygraph.PLUGINS = [Dygraph.Plugins.Axes, Dygraph.Plugins.Grid];
}

export class Chart {
    /** @param {HTMLElement} host the element to draw in; its size is the chart's @param {Shared} shared @param {string} name */
    constructor(host, shared, name) {
        this.host = host;
        this.shared = shared;
        this.name = name;
        this.canvas = h("div.chart-canvas", {});
        this.line = h("div.chart-cursor", { hidden: true });
        this.dots = h("div.chart-dots", {});
        host.replaceChildren(this.canvas, this.line, this.dots);
        this.listen();
    }

    /** Replaces the lines; the zoom stays. @param {Line[]} lines */
    set(lines, axis) {
        this.axis = axis;
        this.given = lines;
        this.lines = lines.map((line) => ({ ...line, y: line.y.map(numeric) }));
        this.marks = marks(lines);
        const drawn = this.drawn();
        const file = rows(drawn, this.toX());
        const options = { ...this.options(drawn), file };
        this.applying = true;
        if (this.plot && this.plot.kind === this.kind(drawn)) {
            this.plot.updateOptions(options);
        } else {
            this.plot?.destroy();
            this.plot = new /** @type {any} */ (globalThis).Dygraph(this.canvas, file.length > 0 ? file : [[0, ...drawn.map(() => null)]], {
                ...this.fixedOptions(), ...options, file: undefined });
            this.plot.kind = this.kind(drawn);
        }
        this.applying = false;
        this.host.setAttribute("aria-label", description(this.name, this.lines));
    }

    /** Draws one run's lines wide, and the others faint. @param {string | null} run */
    highlight(run) {
        this.highlighted = run;
        if (this.plot) this.set(this.given, this.axis);
    }

    /** Redraws the lines with the current shared settings. */
    redraw() {
        if (!this.plot) return;
        this.applying = true;
        this.plot.updateOptions({ dateWindow: this.window() });
        this.applying = false;
    }

    /** Shows the cursor at `x`, or hides it. @param {number | null} x */
    cursor(x) {
        if (!this.plot) return;
        const at = x === null ? null : this.plot.toDomXCoord(this.pixels(x));
        const area = this.plot.getArea();
        if (at === null || at < area.x - 1 || at > area.x + area.w + 1) {
            this.line.hidden = true;
            this.dots.replaceChildren();
            return;
        }
        this.line.hidden = false;
        this.line.style.transform = `translateX(${at}px)`;
        this.line.style.height = `${area.h}px`;
        fill(this.dots, this.values(x).map(({ line, index }) => {
            const y = line.y[index];
            if (y === null || !Number.isFinite(y) || (this.shared.log && y <= 0)) return null;
            const left = this.plot.toDomXCoord(this.pixels(line.x[index]));
            const top = this.plot.toDomYCoord(y);
            if (top < 0 || top > area.h || left < area.x || left > area.x + area.w) return null;
            return h("i", { style: { transform: `translate(${left}px, ${top}px)`, background: line.color } });
        }));
    }

    /** The index of each line's value nearest to `x`. */
    values(x) {
        return this.lines.map((line) => ({ line, index: nearest(line.x, x) })).filter(({ index }) => index >= 0);
    }

    resize() {
        this.plot?.resize();
    }

    end() {
        this.plot?.destroy();
        this.plot = null;
        this.host.replaceChildren();
    }

    // Drawing.

    drawn() {
        const { smooth } = this.shared;
        if (smooth <= 0) return this.lines;
        return this.lines.flatMap((line) => [{ ...line, faint: true }, { ...line, y: smoothed(line.y, smooth) }]);
    }

    kind(drawn) {
        return `${drawn.length} ${this.axis === "time"}`;
    }

    toX() {
        return this.axis === "time" ? (x) => new Date(x * 1000) : (x) => x;
    }

    /** A position on the axis in dygraphs' unit; for times, milliseconds. */
    pixels(x) {
        return this.axis === "time" ? x * 1000 : x;
    }

    window() {
        const { zoom } = this.shared;
        return zoom === null ? null : zoom.map((x) => this.pixels(x));
    }

    fixedOptions() {
        const { Dygraph } = /** @type {any} */ (globalThis);
        return {
            legend: "never", connectSeparatedPoints: true, highlightCircleSize: 0, drawGapEdgePoints: true,
            animatedZooms: false, xRangePad: 2, yRangePad: 6, axisLabelFontSize: 11, titleHeight: 0,
            // Without touch events, which scroll the page.
            interactionModel: {
                mousedown: Dygraph.defaultInteractionModel.mousedown, willDestroyContextMyself: true, dblclick: () => this.reset(),
            },
            underlayCallback: (context, area, plot) => drawMarks(context, area, plot, this.marks ?? [], (x) => this.pixels(x)),
            drawCallback: (plot) => this.noticeZoom(plot),
        };
    }

    options(drawn) {
        const grid = resolver(this.host)("--line");
        const series = {};
        drawn.forEach((line, i) => {
            const isBehind = this.highlighted && this.highlighted !== line.run;
            series[`s${i}`] = {
                color: isBehind ? faint(line.color, 0.15) : line.faint ? faint(line.color) : line.color,
                strokeWidth: line.faint ? 1 : this.highlighted === line.run ? 2.4 : 1.6,
                strokePattern: line.dashed && !line.faint ? [5, 3] : null, drawPoints: line.x.length === 1, pointSize: 2.5,
            };
        });
        return {
            labels: ["x", ...drawn.map((_, i) => `s${i}`)], series, logscale: this.shared.log, dateWindow: this.window(),
            gridLineColor: grid, axisLineColor: grid,
            axes: {
                x: { pixelsPerLabel: 64, drawGrid: false, ...this.axis === "time" ? {} : { axisLabelFormatter: (x) => this.xText(x) } },
                y: { pixelsPerLabel: 34, axisLabelWidth: 46, axisLabelFormatter: (y) => tick(y) },
            },
        };
    }

    xText(x) {
        if (this.axis === "elapsed") return x < 0 ? `-${format.durationText(-x)}` : format.durationText(x);
        return tick(x);
    }

    // Zoom and cursor.

    noticeZoom(plot) {
        if (this.applying) return;
        const scale = this.axis === "time" ? 1000 : 1;
        const zoom = plot.isZoomed("x") ? plot.xAxisRange().map((x) => x / scale) : null;
        this.shared.onZoom(/** @type {any} */ (zoom), this);
    }

    reset() {
        this.applying = true;
        this.plot.resetZoom();
        this.applying = false;
        this.shared.onZoom(null, null);
    }

    listen() {
        const move = (event) => {
            if (!this.plot) return;
            const box = this.canvas.getBoundingClientRect();
            const place = this.plot.toDataXCoord(event.clientX - box.left);
            this.shared.onCursor(this.snapped(this.axis === "time" ? place / 1000 : place), this, event.clientY - box.top);
        };
        this.host.addEventListener("pointermove", move);
        this.host.addEventListener("pointerdown", (event) => { if (event.pointerType !== "mouse") move(event); });
        this.host.addEventListener("pointerleave", () => this.shared.onCursor(null, this));
        this.host.addEventListener("blur", () => this.shared.onCursor(null, this));
        this.host.addEventListener("keydown", (event) => this.key(event));
    }

    /** The nearest x at which a line has a value. */
    snapped(x) {
        let best = null;
        for (const { line, index } of this.values(x)) {
            if (best === null || Math.abs(line.x[index] - x) < Math.abs(best - x)) best = line.x[index];
        }
        return best;
    }

    key(event) {
        if (!this.plot || event.ctrlKey || event.metaKey || event.altKey) return;
        const range = this.plot.xAxisRange().map((x) => this.axis === "time" ? x / 1000 : x);
        const [from, to] = range;
        const main = this.lines[0]?.x ?? [];
        const steps = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20 };
        if (event.key in steps && main.length > 0) {
            const now = this.at === undefined || this.at === null ? main.length - 1 - steps[event.key] : nearest(main, this.at);
            this.at = main[Math.min(Math.max(now + steps[event.key], 0), main.length - 1)];
            this.shared.onCursor(this.at, this);
        } else if (event.key === "+" || event.key === "=" || event.key === "-") {
            const middle = this.at ?? (from + to) / 2;
            const factor = event.key === "-" ? 2 : 0.5;
            this.shared.onZoom([middle - (middle - from) * factor, middle + (to - middle) * factor], null);
        } else if (event.key === "Escape") {
            this.reset();
        } else return;
        event.preventDefault();
    }
}
