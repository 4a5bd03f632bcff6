/** The error that ended a run. */
import { fill, h } from "../dom.js";

const most = 20_000;

/** Shows an error, or nothing. @param {HTMLElement} element @param {any} error as `metadata/error` has it */
export function errorCard(element, error) {
    const text = JSON.stringify(error);
    if (element.dataset.shown === text) return;
    element.dataset.shown = text;
    if (!error) return element.replaceChildren();
    const { message, traceback, ...fields } = error;
    const lines = Array.isArray(traceback) ? traceback.join("\n") : typeof traceback === "string" ? traceback : "";
    const pre = h("pre", { tabindex: "0", "aria-label": "Traceback" }, lines.slice(0, most));
    const rest = lines.length > most && h("button", {
        onclick: () => { pre.textContent = lines; rest.remove(); } }, `Show all ${lines.length} characters`);
    fill(element, h("section.card.error-card", { "aria-label": "Error" },
        h("h2", {}, String(message ?? "The run failed.")),
        lines !== "" && pre, rest,
        Object.keys(fields).length > 0 && h("dl", {}, Object.entries(fields).map(([name, value]) => [
            h("dt", {}, name), h("dd", {}, typeof value === "string" ? value : JSON.stringify(value))]))));
}
