/** The theme's colours of lines, resolved: a canvas does not accept custom properties. */
import { h } from "../dom.js";

/** The number of colours `--line-0` and so on. */
export const count = 12;

/** The colour's name of the compared run at `index`. */
export const ofRun = (index) => `--line-${index % count}`;

/**
 * The current values of custom properties of colours, as `rgb(…)`.
 * @param {HTMLElement} element where they are resolved
 * @returns {(name: string) => string}
 */
export function resolver(element) {
    const probe = h("i.probe", { hidden: true });
    element.append(probe);
    const known = new Map();
    const style = getComputedStyle(probe);
    queueMicrotask(() => probe.remove());
    return (name) => {
        if (!known.has(name)) {
            probe.style.color = `var(${name})`;
            known.set(name, style.color);
        }
        return known.get(name);
    };
}

/** The colour of the raw line behind a smoothed one. @param {string} color `rgb(…)` */
export function faint(color, part = 0.33) {
    const [red, green, blue] = color.match(/[\d.]+/g) ?? [128, 128, 128];
    return `rgba(${red}, ${green}, ${blue}, ${part})`;
}
