/** Positions on an axis of a plot: numbers, on a logarithmic scale if their range is very wide; texts side by side. */
import { numberText, timeText } from "../format.js";
import { valueOf } from "./columns.js";

const times = new Set(["start", "end", "updated"]);

export class Axis {
    // The ends of the range; on a logarithmic scale, their logarithms.
    low = 0;
    high = 1;

    /** @param {string} name of the column @param {Record<string, any>[]} runs */
    constructor(name, runs) {
        this.name = name;
        const values = runs.map((run) => valueOf(run, name)).filter((value) => value !== undefined && value !== null);
        const numbers = values.filter(Number.isFinite);
        this.isText = numbers.length === 0 && values.length > 0;
        if (this.isText) {
            this.texts = [...new Set(values.map(String))].sort((one, other) => one < other ? -1 : 1).slice(0, 200);
            this.places = new Map(this.texts.map((text, index) => [text, index]));
            [this.low, this.high, this.isLog] = [-0.5, this.texts.length - 0.5, false];
            return;
        }
        let [low, high] = [Infinity, -Infinity];
        for (const value of numbers) { low = Math.min(low, value); high = Math.max(high, value); }
        this.isLog = low > 0 && high / low >= 50 && !times.has(name);
        if (this.isLog) [low, high] = [Math.log10(low), Math.log10(high)];
        if (!(low <= high)) [low, high] = [0, 1];
        const margin = (high - low || Math.abs(high) || 1) * 0.04;
        [this.low, this.high] = [low - margin, high + margin];
    }

    /** A run's position, from 0 to 1; NaN if it has no value. */
    at(run) {
        const value = valueOf(run, this.name);
        return this.place(this.isText ? this.places.get(String(value)) ?? NaN : value);
    }

    place(value) {
        if (typeof value !== "number") return NaN;
        return ((this.isLog ? Math.log10(value) : value) - this.low) / (this.high - this.low);
    }

    /** The brushed range between two positions: its ends, texts or numbers. */
    range(from, to) {
        const value = (place) => this.low + Math.min(1, Math.max(0, place)) * (this.high - this.low);
        const [low, high] = [value(Math.min(from, to)), value(Math.max(from, to))];
        if (this.isText) {
            const chosen = this.texts.slice(Math.max(0, Math.ceil(low)), Math.floor(high) + 1);
            return chosen.length > 0 ? [chosen[0], chosen.at(-1)] : null;
        }
        return (this.isLog ? [10 ** low, 10 ** high] : [low, high]).map((number) => Number(number.toPrecision(6)));
    }

    /** The positions of the ends of a range. */
    placesOf({ low, high }) {
        if (!this.isText) return [this.place(low), this.place(high)];
        const inside = this.texts.map((_, index) => index).filter((index) => this.texts[index] >= low && this.texts[index] <= high);
        return inside.length > 0 ? [this.place(inside[0] - 0.4), this.place(inside.at(-1) + 0.4)] : [NaN, NaN];
    }

    /** About `count` ticks: position and label. @returns {{ at: number, text: string }[]} */
    ticks(count = 5) {
        if (this.isText) {
            const step = Math.ceil(this.texts.length / (count * 3));
            return this.texts.filter((_, index) => index % step === 0).map((text) => ({ at: this.place(this.places.get(text)), text: text.length > 16 ? `${text.slice(0, 15)}…` : text }));
        }
        if (this.isLog) {
            const step = Math.max(1, Math.ceil((this.high - this.low) / (count * 1.5)));
            const ticks = [];
            for (let power = Math.ceil(this.low); power <= this.high; power += step) ticks.push(Number(`1e${power}`));
            return ticks.map((value) => ({ at: this.place(value), text: numberText(value, 3) }));
        }
        const raw = (this.high - this.low) / count;
        const size = 10 ** Math.floor(Math.log10(raw));
        const step = [1, 2, 5, 10].map((factor) => factor * size).find((candidate) => candidate >= raw);
        const ticks = [];
        for (let value = Math.ceil(this.low / step) * step; value <= this.high; value += step) {
            const number = Number(value.toPrecision(12));
            ticks.push({ at: this.place(value), text: times.has(this.name) ? timeText(number) : numberText(number, 4) });
        }
        return ticks;
    }
}
