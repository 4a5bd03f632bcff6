/** Plots over runs: a scatter plot of two columns, or flags against a result; brushing filters the table. */
import { link } from "../address.js";
import { fill, h, svg } from "../dom.js";
import { isNumeric } from "./cells.js";
import { describe, isNameable, needed } from "./columns.js";
import { allRuns } from "./data.js";
import { resolver } from "../chart/colors.js";
import { Axis } from "./axes.js";
import { brushed, brushText, condition } from "./filters.js";
import { Handles } from "./handles.js";

/** The most runs that are drawn: more would not show more. */
const most = 20_000;
const [right, top, bottom] = [20, 14, 34];

export class Plots {
    /** @type {Record<string, any>[]} */
    #runs = [];
    #asked = "";
    #timer = 0;
    #marks = [];

    constructor(view) {
        this.view = view;
        this.choice = h("div.choice");
        this.canvas = h("canvas");
        this.over = svg("svg", { "aria-hidden": "true" });
        this.tip = h("div.tip", { hidden: true });
        this.place = h("div.canvas", {
            role: "img", onpointermove: (event) => this.#hover(event), onpointerleave: () => { this.tip.hidden = true; },
            onpointerdown: (event) => this.#brush(event),
        }, this.canvas, this.over, this.tip);
        this.handles = new Handles((name, range) => this.#choose([name], range ? [{ name, range }] : [], {}));
        this.element = h("div.plots", { hidden: true }, this.choice, h("div.sideways", {}, h("div.field", {}, this.place, this.handles.element)));
        this.observer = new ResizeObserver(() => this.#draw());
        this.observer.observe(this.place);
        this.themes = matchMedia("(prefers-color-scheme: dark)");
        this.themes.addEventListener("change", this.#redraw);
        addEventListener("themechange", this.#redraw);
    }

    #redraw = () => this.#draw();

    end() {
        clearTimeout(this.#timer);
        this.observer.disconnect();
        this.themes.removeEventListener("change", this.#redraw);
        removeEventListener("themechange", this.#redraw);
    }

    /** The columns of the plot. */
    get #axes() {
        const { state, columns } = this.view;
        const result = this.#result;
        if (state.plot === "scatter") return [this.#x, result];
        return [...columns.filter((name) => name.startsWith("flag_")).slice(0, 9), result];
    }

    get #results() { return this.view.known.filter((name) => /^(eval_|metric_|min_|max_)/.test(name) && isNameable(name)); }

    get #result() { return this.view.state.py ?? this.view.columns.find((name) => /^eval_/.test(name)) ?? this.view.columns.find((name) => /^(metric_|min_|max_)/.test(name)) ?? "duration"; }

    /** A numeric flag if there is one: it shows more in a scatter plot. */
    get #x() {
        const flags = this.view.columns.filter((name) => name.startsWith("flag_"));
        return this.view.state.px ?? flags.find((name) => isNumeric(name, this.view.newest)) ?? flags[0] ?? "start";
    }

    /** Updates from the address. */
    update() {
        const { state, known } = this.view;
        this.element.hidden = !state.plot;
        if (!state.plot) return;
        const options = (names, chosen) => [...new Set([...names, chosen])].map((name) => h("option", { value: name, selected: name === chosen }, name));
        const select = (label, names, chosen, member) => h("label", {}, label, h("select", { onchange: (event) => this.view.set({ [member]: event.target.value }) }, options(names, chosen)));
        const all = known.filter((name) => isNameable(name) && name !== "sparkline");
        if (!this.choice.contains(document.activeElement)) {
            fill(this.choice, select(state.plot === "scatter" ? "y" : "Flags against", state.plot === "scatter" ? all : this.#results, this.#result, "py"),
                state.plot === "scatter" && select("x", all, this.#x, "px"), h("span.dim", {}, "Drag, or move the handles by keys, to filter the table."));
        }
        const { where } = condition({ ...state, brush: "" }, this.view.columns);
        const asked = JSON.stringify([where, state.archived, this.#axes]);
        if (asked !== this.#asked) { this.#asked = asked; this.#read(where); } else this.#draw();
    }

    /** Runs have changed: reads them again, at intervals. */
    touch() {
        if (!this.view.state.plot) return;
        this.#timer ||= setTimeout(() => { this.#timer = 0; this.#read(condition({ ...this.view.state, brush: "" }, this.view.columns).where); }, 5000);
    }

    async #read(where) {
        const asked = this.#asked;
        try {
            const runs = await allRuns({ where, archived: this.view.state.archived, columns: needed(this.#axes) }, most);
            if (asked !== this.#asked) return;
            this.#runs = runs;
            this.#draw();
        } catch { /* The table shows the error. */ }
    }

    #draw() {
        if (this.element.hidden) return;
        // On a narrow page the axes keep their distance, and the plot scrolls sideways.
        this.place.style.minWidth = this.view.state.plot === "scatter" ? "" : `${this.#axes.length * 84}px`;
        const { clientWidth: width, clientHeight: height } = this.place;
        if (width === 0) return;
        const scale = devicePixelRatio || 1;
        Object.assign(this.canvas, { width: width * scale, height: height * scale });
        const context = this.canvas.getContext("2d");
        context.scale(scale, scale);
        const color = resolver(this.element);
        const colors = { on: color("--accent"), off: color("--edge"), other: color("--stopped") };
        const names = this.#axes;
        const axes = names.map((name) => new Axis(name, this.#runs));
        const ranges = brushed(this.view.state.brush);
        const isScatter = this.view.state.plot === "scatter";
        const left = isScatter ? 64 : 24;
        const X = (at) => left + at * (width - left - right);
        const Y = (at) => height - bottom - at * (height - top - bottom);
        this.layout = { axes, isScatter, X, Y, width, height, columnAt: (index) => X(axes.length > 1 ? (index + 0.02) / (axes.length - 1 + 0.04) : 0.5) };
        const { columnAt } = this.layout;
        const isIn = (run) => ranges.every((range) => {
            const axis = axes.find((other) => other.name === range.name) ?? new Axis(range.name, this.#runs);
            const [from, to] = axis.placesOf(range);
            const at = axis.at(run);
            return at >= from - 1e-9 && at <= to + 1e-9;
        });
        this.#marks = this.#runs.map((run) => ({
            run, isOn: isIn(run),
            points: isScatter ? [[X(axes[0].at(run)), Y(axes[1].at(run))]] : axes.map((axis, index) => [columnAt(index), Y(axis.at(run))]),
        }));
        const alpha = Math.max(0.08, Math.min(0.75, 60 / this.#runs.length + (isScatter ? 0.2 : 0.05)));
        // In a parallel plot, the colour shows a run's position on the last axis.
        const shades = [0, 25, 50, 75, 100].map((share) => `color-mix(in oklab, ${colors.on} ${share}%, ${colors.other})`);
        for (const pass of [false, true]) {
            context.globalAlpha = pass ? alpha : alpha * 0.7;
            for (const mark of this.#marks) {
                if (mark.isOn !== pass) continue;
                const at = isScatter ? 1 : axes.at(-1).at(mark.run);
                context.strokeStyle = context.fillStyle = !pass || Number.isNaN(at) ? colors.off : shades[Math.max(0, Math.min(4, Math.round(at * 4)))];
                paint(context, mark, isScatter);
            }
        }
        this.#drawAxes(axes, ranges);
        this.handles.show(axes, ranges, (index, at) => isScatter && index === 0 ? { x: X(at), y: Y(0), isAcross: true }
            : { x: isScatter ? X(0) : columnAt(index), y: Y(at), isAcross: false });
        const title = isScatter ? `${names[1]} over ${names[0]}` : `${names.slice(0, -1).join(", ")} against ${names.at(-1)}`;
        this.place.setAttribute("aria-label", `Plot of ${this.#runs.length} runs: ${title}`);
    }

    #drawAxes(axes, ranges) {
        const { isScatter, X, Y, width, height, columnAt } = this.layout;
        const text = (x, y, anchor, words, more = {}) => svg("text", { x, y, "text-anchor": anchor, ...more }, words);
        const line = (x1, y1, x2, y2) => svg("line", { class: "axis", x1, y1, x2, y2 });
        const box = (x1, y1, x2, y2) => svg("rect", { class: "brush", x: Math.min(x1, x2), y: Math.min(y1, y2), width: Math.abs(x2 - x1), height: Math.abs(y2 - y1) });
        const places = (axis) => { const range = ranges.find((other) => other.name === axis.name); return range ? axis.placesOf(range) : null; };
        this.over.setAttribute("viewBox", `0 0 ${width} ${height}`);
        if (isScatter) {
            const [across, up] = axes;
            const [on, over] = [places(across), places(up)];
            this.over.replaceChildren(line(X(0), Y(0), X(1), Y(0)), line(X(0), Y(0), X(0), Y(1)),
                ...across.ticks(width / 130).map((tick) => text(X(tick.at), height - 18, "middle", tick.text)),
                ...up.ticks(height / 60).map((tick) => text(X(0) - 6, Y(tick.at) + 4, "end", tick.text)),
                text(X(1), height - 4, "end", across.name + (across.isLog ? " (log)" : "")), text(X(0) + 6, 12, "start", up.name + (up.isLog ? " (log)" : "")),
                ...(on || over ? [box(X(on?.[0] ?? 0), Y(over?.[0] ?? 0), X(on?.[1] ?? 1), Y(over?.[1] ?? 1))] : []));
            return;
        }
        this.over.replaceChildren(...axes.flatMap((axis, index) => {
            const x = columnAt(index);
            const on = places(axis);
            const anchor = index === axes.length - 1 ? "end" : "start";
            const side = anchor === "end" ? -5 : 5;
            return [line(x, Y(0), x, Y(1)), text(x, height - 8, index === 0 ? "start" : anchor === "end" ? "end" : "middle", describe(axis.name).label.slice(0, 22) + (axis.isLog ? " (log)" : "")),
                ...axis.ticks(4).map((tick) => text(x + side, Y(tick.at) + 4, anchor, tick.text)), ...(on ? [box(x - 7, Y(on[0]), x + 7, Y(on[1]))] : [])];
        }));
    }

    /** @returns {[number, number]} */
    #where(event) {
        const { left: x, top: y } = this.place.getBoundingClientRect();
        return [event.clientX - x, event.clientY - y];
    }

    #nearest([x, y]) {
        let [best, found] = [144, null];
        for (const mark of this.#marks) {
            for (const [px, py] of mark.points) {
                const distance = (px - x) ** 2 + (py - y) ** 2;
                if (distance < best) [best, found] = [distance, mark];
            }
        }
        return found;
    }

    #hover(event) {
        const at = this.#where(event);
        const mark = this.#nearest(at);
        this.tip.hidden = !mark;
        this.place.style.cursor = mark ? "pointer" : "crosshair";
        if (!mark) return;
        this.tip.textContent = mark.run.run;
        this.tip.style.left = `${Math.min(at[0] + 12, this.layout.width - 150)}px`;
        this.tip.style.top = `${Math.max(2, at[1] - 28)}px`;
    }

    #brush(event) {
        if (event.button !== 0 || !this.layout) return;
        event.preventDefault();
        const { axes, isScatter, X, Y, columnAt } = this.layout;
        const from = this.#where(event);
        const column = axes.map((_, index) => Math.abs(columnAt(index) - from[0])).reduce((best, distance, index, all) => distance < all[best] ? index : best, 0);
        const rectangle = svg("rect", { class: "brush" });
        this.place.setPointerCapture(event.pointerId);
        const unX = (x) => (x - X(0)) / (X(1) - X(0));
        const unY = (y) => (y - Y(0)) / (Y(1) - Y(0));
        this.place.onpointermove = (move) => {
            const to = this.#where(move);
            const [x1, x2] = isScatter ? [from[0], to[0]] : [columnAt(column) - 7, columnAt(column) + 7];
            for (const [name, value] of Object.entries({ x: Math.min(x1, x2), y: Math.min(from[1], to[1]), width: Math.abs(x2 - x1), height: Math.abs(to[1] - from[1]) })) rectangle.setAttribute(name, value);
            this.over.append(rectangle);
        };
        this.place.onpointerup = (up) => {
            this.place.onpointermove = this.place.onpointerup = null;
            rectangle.remove();
            const to = this.#where(up);
            /** @type {[Axis, number, number][]} */
            const changed = isScatter ? [[axes[0], unX(from[0]), unX(to[0])], [axes[1], unY(from[1]), unY(to[1])]] : [[axes[column], unY(from[1]), unY(to[1])]];
            const names = changed.map(([axis]) => axis.name);
            const isClick = Math.hypot(to[0] - from[0], to[1] - from[1]) < 4;
            const mark = isClick && this.#nearest(to);
            if (mark) { location.hash = link(["run", mark.run.run]); return; }
            this.#choose(names, isClick ? [] : changed.map(([axis, one, other]) => ({ name: axis.name, range: axis.range(one, other) })), { push: true });
        };
    }

    /** Filters by ranges of columns, which replace their previous ones. */
    #choose(names, ranges, options) {
        const others = brushed(this.view.state.brush).filter((range) => !names.includes(range.name));
        const added = ranges.filter(({ name, range }) => range && isNameable(name) && name !== "duration").map(({ name, range: [low, high] }) => ({ name, low, high }));
        this.view.set({ brush: brushText([...others, ...added]) }, options);
    }
}

function paint(context, { points }, isScatter) {
    context.beginPath();
    if (isScatter) {
        const [[x, y]] = points;
        if (Number.isNaN(x + y)) return;
        context.arc(x, y, 4, 0, 7);
        return context.fill();
    }
    let isOn = false;
    for (const [x, y] of points) {
        if (Number.isNaN(y)) { isOn = false; continue; }
        if (isOn) context.lineTo(x, y); else context.moveTo(x, y);
        isOn = true;
    }
    context.lineWidth = 1.2;
    context.stroke();
}
