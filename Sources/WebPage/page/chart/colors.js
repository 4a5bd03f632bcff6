/** The colours of lines, as the theme has them: a canvas takes no custom properties. */
import { h } from "../dom.js";

/** How many colours `--line-0` and on there are. */
export const count = 12;

/** The name of the colour of the run that is the `index`th of those that are compared. */
export const ofRun = (index) => `--line-${index % count}`;

/**
 * What custom properties of colours are now, as `rgb(…)`.
 * @param {HTMLElement} element where they hold
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

/** A colour as the raw line has it that stands behind the smoothed one. @param {string} color `rgb(…)` */
export function faint(color, part = 0.33) {
    const [red, green, blue] = color.match(/[\d.]+/g) ?? [128, 128, 128];
    return `rgba(${red}, ${green}, ${blue}, ${part})`;
}
