/** Formats of numbers, times, durations and sizes. Shortened values have the exact value on hover and when copied. */
import { h } from "./dom.js";

/**
 * A number as text, with `digits` significant digits.
 * @param {number | string} value a number; or "NaN", "Inf", "-Inf", as in metrics
 */
export function numberText(value, digits = 5) {
    if (typeof value !== "number") return String(value);
    if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "Inf" : "-Inf";
    const exact = String(value);
    if (Number.isInteger(value) && Math.abs(value) < 1e15) return exact;
    if (exact.length <= digits + 2) return exact;
    const size = Math.abs(value);
    const rounded = size >= 10 ** digits && size < 1e15 ? Math.round(value) : Number(value.toPrecision(digits));
    return size < 1e-4 || size >= 1e15 ? rounded.toExponential().replace("e+", "e") : String(rounded);
}

/** @returns {HTMLElement} a number, exact on hover and when copied */
export function number(value, digits = 5) {
    return shown(value, numberText(value, digits));
}

/** A value that is shown in another form. */
export function shown(value, text) {
    return text === String(value) ? h("span", {}, text) : h("data", { value: String(value), title: String(value) }, text);
}

/**
 * The format of a column's numbers: enough decimals to tell them apart, the same number for all, so that they are
 * aligned.
 * @param {any[]} values
 * @returns {((value: any) => string) & { key: string }} `key`: formats with the same key are equal
 */
export function scale(values) {
    const numbers = [...new Set(values.filter(Number.isFinite))];
    const named = (text, key) => Object.assign(text, { key });
    if (numbers.every((value) => String(value).length <= 6)) return named((value) => numberText(value), "plain");
    const sizes = numbers.map(Math.abs).filter((size) => size > 0);
    if (Math.max(...sizes) >= 1e6 || Math.min(...sizes) < 1e-4) return named((value) => numberText(value, 4), "short");
    for (let decimals = 2; decimals < 6; decimals++) {
        if (new Set(numbers.map((value) => value.toFixed(decimals))).size === numbers.length || decimals === 5) {
            const shownDecimals = Math.max(decimals, 4);
            return named((value) => Number.isFinite(value) ? value.toFixed(shownDecimals) : numberText(value), `${shownDecimals} decimals`);
        }
    }
    return named((value) => numberText(value), "plain");
}

const sameDay = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const sameYear = new Intl.DateTimeFormat(undefined, {
    month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
});
const otherYear = new Intl.DateTimeFormat(undefined, { year: "numeric", month: "short", day: "numeric" });
const exactTime = new Intl.DateTimeFormat(undefined, {
    weekday: "short", year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit",
    fractionalSecondDigits: 3, timeZoneName: "long", hourCycle: "h23",
});

/** A time in the local zone as text. @param {number} seconds since 1970 */
export function timeText(seconds) {
    const date = new Date(seconds * 1000);
    if (Number.isNaN(date.valueOf())) return String(seconds);
    const now = new Date();
    if (date.toDateString() === now.toDateString()) return sameDay.format(date);
    return (date.getFullYear() === now.getFullYear() ? sameYear : otherYear).format(date);
}

/** A time in the local zone, exact on hover. @param {number} seconds since 1970 */
export function time(seconds) {
    const date = new Date(seconds * 1000);
    if (typeof seconds !== "number" || Number.isNaN(date.valueOf())) return h("span", {}, String(seconds));
    return h("time", { datetime: date.toISOString(), title: `${exactTime.format(date)}\n${date.toISOString()}` }, timeText(seconds));
}

/** A duration as text. @param {number} seconds */
export function durationText(seconds) {
    if (!Number.isFinite(seconds) || seconds < 0) return "";
    if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
    if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
    const whole = Math.round(seconds);
    const [days, hours, minutes] = [Math.floor(whole / 86400), Math.floor(whole / 3600) % 24, Math.floor(whole / 60) % 60];
    if (days > 0) return `${days} d ${hours} h`;
    return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min ${whole % 60} s`;
}

/** A duration, exact on hover. */
export function duration(seconds) {
    return h("span", { title: `${seconds} s` }, durationText(seconds));
}

/** A size as text. @param {number} count of bytes */
export function bytesText(count) {
    const units = ["B", "kB", "MB", "GB", "TB", "PB"];
    let [value, unit] = [count, 0];
    while (value >= 1000 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1];
    return `${unit === 0 ? value : value.toPrecision(3)} ${units[unit]}`;
}

/** A size, exact on hover. */
export function bytes(count) {
    return h("span", { title: `${count} bytes` }, bytesText(count));
}

/** Makes copied text have the exact values of shortened numbers. */
export function copyExactNumbers() {
    document.addEventListener("copy", (event) => {
        const selection = getSelection();
        if (!selection || selection.isCollapsed || selection.rangeCount === 0 || !event.clipboardData) return;
        const range = selection.getRangeAt(0);
        const single = range.commonAncestorContainer.parentElement?.closest("data");
        if (single && selection.toString().trim() === single.textContent) {
            event.clipboardData.setData("text/plain", single.getAttribute("value"));
            return event.preventDefault();
        }
        const changed = [...document.querySelectorAll("data[value]")].filter((element) => selection.containsNode(element, true));
        if (changed.length === 0 || single) return;
        const texts = changed.map((element) => element.textContent);
        for (const element of changed) element.textContent = element.getAttribute("value");
        event.clipboardData.setData("text/plain", selection.toString());
        changed.forEach((element, index) => { element.textContent = texts[index]; });
        event.preventDefault();
    });
}
