/** Sparklines of one metric, one for each run, read together for the visible rows. */
import { json, query } from "../api.js";
import { h, svg } from "../dom.js";
import { numberText } from "../format.js";

const [width, height, points] = [100, 22, 50];
/** The most runs of one request. */
const together = 60;

export class Sparks {
    /** @type {Map<string, { x: number[], y: any[] } | null>} what was read, by run */
    #known = new Map();
    /** @type {Map<string, SVGElement>} lines whose data is not there yet */
    #waiting = new Map();
    #metric = "";
    #timer = 0;

    /** Which metric is shown. */
    setMetric(name) {
        if (name === this.#metric) return;
        this.#metric = name;
        this.#known.clear();
        this.#waiting.clear();
    }

    /** The line is read again when it is next shown. */
    forget(run) { this.#known.delete(run); }

    /** @returns {Element} the line of a run, which may be filled later */
    cell(run) {
        const element = svg("svg", { class: "spark", viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true" });
        const cell = h("span", {}, element);
        if (this.#known.has(run.run)) draw(element, this.#known.get(run.run));
        else {
            this.#waiting.set(run.run, element);
            this.#timer ||= setTimeout(() => this.#read(), 60);
        }
        return cell;
    }

    async #read() {
        const metric = this.#metric;
        const runs = [...this.#waiting.entries()].filter(([, element]) => element.isConnected).slice(0, together);
        if (runs.length === 0) this.#waiting.clear();
        try {
            if (runs.length > 0 && metric && !metric.includes("`")) {
                const metrics = metric.includes(",") ? `\`${metric}\`` : metric;
                const { series } = await json(`series${query({ runs: runs.map(([run]) => run).join(","), metrics, points })}`);
                if (metric !== this.#metric) return;
                const found = new Map(series.map((line) => [line.run, line]));
                for (const [run] of runs) this.#known.set(run, found.get(run) ?? null);
            }
            // The row may have been rebuilt in between.
            for (const [run] of runs) {
                draw(this.#waiting.get(run), this.#known.get(run));
                this.#waiting.delete(run);
            }
        } catch {
            // One of the runs may be gone; the list shows that.
            for (const [run] of runs) this.#waiting.delete(run);
        } finally {
            this.#timer = this.#waiting.size > 0 ? setTimeout(() => this.#read(), 60) : 0;
        }
    }

    end() { clearTimeout(this.#timer); }
}

function draw(element, line) {
    if (!element || !line) return;
    const finite = line.y.filter(Number.isFinite);
    if (finite.length === 0) return;
    const [low, high] = [Math.min(...finite), Math.max(...finite)];
    const [first, last] = [line.x[0], line.x.at(-1)];
    let path = "";
    let isOn = false;
    line.y.forEach((value, index) => {
        if (!Number.isFinite(value)) { isOn = false; return; }
        const x = last > first ? (line.x[index] - first) / (last - first) * width : width / 2;
        const y = high > low ? height - 2 - (value - low) / (high - low) * (height - 4) : height / 2;
        path += `${isOn ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
        if (!isOn && !Number.isFinite(line.y[index + 1])) path += "h0.5";
        isOn = true;
    });
    element.replaceChildren(svg("path", { d: path }));
    element.parentElement.title = `${line.metric}: ${numberText(low)} to ${numberText(high)}`;
}
