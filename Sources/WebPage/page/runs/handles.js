/** Two handles on each axis of a plot, to choose its range by keyboard: the counterpart of brushing with a pointer. */
import { h } from "../dom.js";
import { numberText, timeText } from "../format.js";
import { isNameable } from "./columns.js";

const [step, leap] = [0.02, 0.1];
const times = new Set(["start", "end", "updated"]);

export class Handles {
    #shown = "";
    /** @type {Map<string, [HTMLElement, HTMLElement]>} the handles of each axis: of the least and of the greatest value */
    #pairs = new Map();
    /** @type {Map<string, { axis: import("./axes.js").Axis, places: [number, number] }>} */
    #axes = new Map();

    /** @param {(name: string, range: [any, any] | null) => void} chosen is called with the new range of a column; `null`: all of it */
    constructor(chosen) {
        this.chosen = chosen;
        this.element = h("div.handles");
    }

    /**
     * Puts the handles on their axes.
     * @param {import("./axes.js").Axis[]} axes
     * @param {{ name: string, low: any, high: any }[]} ranges
     * @param {(axis: number, place: number) => { x: number, y: number, isAcross: boolean }} where the pixel of a
     *   position on an axis
     */
    show(axes, ranges, where) {
        const names = axes.map((axis) => axis.name).filter((name) => isNameable(name) && name !== "duration");
        if (names.join("\n") !== this.#shown) {
            this.#shown = names.join("\n");
            this.#pairs = new Map(names.map((name) => [name, [this.#handle(name, 0), this.#handle(name, 1)]]));
            this.element.replaceChildren(...[...this.#pairs.values()].flat());
        }
        this.#axes.clear();
        axes.forEach((axis, index) => {
            const pair = this.#pairs.get(axis.name);
            if (!pair) return;
            const range = ranges.find((one) => one.name === axis.name);
            const found = range ? axis.placesOf(range) : [0, 1];
            const places = /** @type {[number, number]} */ (found.map((place, end) => Number.isNaN(place) ? end : Math.min(1, Math.max(0, place))));
            this.#axes.set(axis.name, { axis, places });
            pair.forEach((handle, end) => place(handle, axis, places[end], where(index, places[end])));
        });
    }

    #handle(name, end) {
        return h(`div.handle.${end === 0 ? "least" : "greatest"}`, {
            role: "slider", tabindex: "0", "aria-label": `${end === 0 ? "Least" : "Greatest"} ${name} that is shown`,
            title: `${name}: arrow keys filter the table, Escape shows all`, onkeydown: (event) => this.#key(event, name, end),
        });
    }

    #key(event, name, end) {
        const { axis, places: [from, to] } = this.#axes.get(name);
        const small = axis.isText ? 1 / axis.texts.length : step;
        const by = {
            ArrowUp: small, ArrowRight: small, ArrowDown: -small, ArrowLeft: -small,
            PageUp: Math.max(small, leap), PageDown: -Math.max(small, leap), Home: -1, End: 1,
        }[event.key];
        if (by === undefined && event.key !== "Escape") return;
        event.preventDefault();
        if (event.key === "Escape") return this.chosen(name, null);
        const next = end === 0 ? [Math.min(Math.max(0, from + by), to - small), to] : [from, Math.max(Math.min(1, to + by), from + small)];
        this.chosen(name, next[0] <= 0.001 && next[1] >= 0.999 ? null : /** @type {any} */ (axis.range(next[0], next[1])));
    }
}

function place(handle, axis, at, { x, y, isAcross }) {
    handle.style.transform = `translate(${x}px, ${y}px)`;
    handle.classList.toggle("across", isAcross);
    const value = axis.low + at * (axis.high - axis.low);
    const text = axis.isText ? axis.texts[Math.min(axis.texts.length - 1, Math.max(0, Math.round(value)))]
        : times.has(axis.name) ? timeText(value) : numberText(Number((axis.isLog ? 10 ** value : value).toPrecision(4)), 4);
    for (const [key, one] of Object.entries({ valuemin: axis.low, valuemax: axis.high, valuenow: value, valuetext: text, orientation: isAcross ? "horizontal" : "vertical" })) {
        handle.setAttribute(`aria-${key}`, String(one));
    }
}
