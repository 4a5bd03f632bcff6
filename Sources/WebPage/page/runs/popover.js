/** A popover beside a button, which Escape or a click elsewhere closes. */
import { h } from "../dom.js";

/** @param {HTMLElement} anchor @param {HTMLElement} content @returns {() => void} closes it */
export function popover(anchor, content) {
    const place = anchor.getBoundingClientRect();
    const element = h("div.popover", {}, content);
    document.body.append(element);
    const { width, height } = element.getBoundingClientRect();
    element.style.left = `${Math.max(8, Math.min(place.left, innerWidth - width - 8))}px`;
    element.style.top = `${Math.max(8, Math.min(place.bottom + 4, innerHeight - height - 8))}px`;
    const close = () => {
        removeEventListener("pointerdown", elsewhere, true);
        removeEventListener("popstate", close);
        element.remove();
        if (anchor.isConnected) anchor.focus?.();
    };
    const elsewhere = (event) => { if (!element.contains(event.target)) close(); };
    addEventListener("pointerdown", elsewhere, true);
    addEventListener("popstate", close);
    element.addEventListener("keydown", (event) => {
        if (event.key === "Escape") { event.stopPropagation(); return close(); }
        if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
        const stops = [...element.querySelectorAll("button, input")];
        const next = stops[stops.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1)];
        if (next) { event.preventDefault(); next.focus(); }
    });
    element.querySelector("button, input")?.focus();
    return close;
}
