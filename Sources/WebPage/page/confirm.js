/** Confirmation before an action, and undo after it. */
import { h } from "./dom.js";

/**
 * Asks whether to do something.
 * @param {{ title: string, detail?: string, action: string, danger?: boolean }} question `action`: the button's text
 * @returns {Promise<boolean>}
 */
export function ask({ title, detail, action, danger }) {
    return new Promise((resolve) => {
        const answer = (value) => { dialog.close(); dialog.remove(); resolve(value); };
        const dialog = /** @type {HTMLDialogElement} */ (h("dialog", { "aria-label": title, oncancel: () => answer(false) },
            h("h2", {}, title), detail && h("p.dim", { style: { "margin-top": "8px" } }, detail),
            h("div.actions", {},
                h("button", { onclick: () => answer(false) }, "Cancel"),
                h(danger ? "button.danger" : "button.first", { autofocus: true, onclick: () => answer(true) }, action))));
        document.body.append(dialog);
        dialog.showModal();
    });
}

/** @type {HTMLElement | null} */
let toasts = null;

/**
 * Shows a short message.
 * @param {string} text
 * @param {{ undo?: () => Promise<any>, bad?: boolean, seconds?: number }} options `undo` undoes the action, by a button
 */
export function toast(text, { undo, bad = false, seconds = undo ? 12 : bad ? 10 : 4 } = {}) {
    if (!toasts) document.body.append(toasts = h("div.toasts", { role: "status", "aria-live": "polite" }));
    const close = () => { clearTimeout(timer); element.remove(); };
    const element = h(bad ? "div.toast.bad" : "div.toast", { onmouseenter: () => clearTimeout(timer) }, h("span", {}, text),
        undo && h("button", { onclick: () => { close(); attempt(undo); } }, "Undo"),
        h("button.plain", { "aria-label": "Close", onclick: close }, "×"));
    const timer = setTimeout(close, seconds * 1000);
    toasts.append(element);
}

/** Runs an action; on failure shows the reason. @template T @param {() => Promise<T>} action @returns {Promise<T | undefined>} */
export async function attempt(action) {
    try { return await action(); } catch (error) {
        toast(error instanceof TypeError ? "The server cannot be reached." : error.message, { bad: true });
        return undefined;
    }
}
