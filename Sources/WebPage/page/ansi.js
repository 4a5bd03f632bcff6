/** Console output with ANSI escapes (ECMA-48) as elements: colours and weights of text; other sequences are dropped. */
import { h } from "./dom.js";

const names = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];

/**
 * Reads output part by part. An unfinished escape and the style carry over to the next part.
 * @typedef {{ text: string, style: string }[]} Line runs of text of one style
 */
export class Console {
    constructor() {
        /** @type {Line[]} */
        this.lines = [[]];
        this.column = 0;
        this.rest = "";
        /** @type {Record<string, any>} */
        this.style = {};
    }

    /** @param {string} text @returns {number} the first line that has changed */
    write(text) {
        let first = this.lines.length - 1;
        const input = this.rest + text;
        this.rest = "";
        // The next piece: an escape, the end of a line, a carriage return, a backspace, or text.
        const pattern = /\x1b\[([0-?]*)[ -/]*([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[PX^_][^\x1b]*\x1b\\|\x1b[ -/]*[0-Z\\^-~]|\r\n|[\r\n\b]|[^\x00-\x08\x0a-\x1f\x7f]+|[^]/gy;
        let match;
        while ((match = pattern.exec(input))) {
            const [part, parameters, final] = match;
            if (final !== undefined) this.control(parameters, final);
            else if (part === "\n" || part === "\r\n") { this.lines.push([]); this.column = 0; }
            else if (part === "\r") this.column = 0;
            else if (part === "\b") this.column = Math.max(0, this.column - 1);
            else if (part === "\x1b") {
                // May be the beginning of an escape.
                if (input.length - match.index < 256) { this.rest = input.slice(match.index); break; }
            } else if (part.charCodeAt(0) >= 32 || part.charCodeAt(0) === 9) this.put(part);
        }
        return first;
    }

    put(text) {
        const line = this.lines.at(-1);
        const length = line.reduce((sum, run) => sum + run.text.length, 0);
        const style = this.classes();
        if (this.column >= length) {
            if (this.column > length) append(line, " ".repeat(Math.min(this.column - length, 1000)), "");
            append(line, text, style);
        } else {
            const before = slice(line, 0, this.column), after = slice(line, this.column + text.length, Infinity);
            append(before, text, style);
            this.lines[this.lines.length - 1] = [...before, ...after];
        }
        this.column += text.length;
    }

    control(parameters, final) {
        if (final === "m") this.graphics(parameters);
        else if (final === "K") {
            const mode = Number(parameters) || 0;
            if (mode === 0) this.lines[this.lines.length - 1] = slice(this.lines.at(-1), 0, this.column);
            else if (mode === 2) this.lines[this.lines.length - 1] = [];
        } else if (final === "G") this.column = Math.min(Math.max((Number(parameters) || 1) - 1, 0), 1000);
        else if (final === "C") this.column = Math.min(this.column + (Number(parameters) || 1), 1000);
        else if (final === "D") this.column = Math.max(0, this.column - (Number(parameters) || 1));
    }

    /** Select graphic rendition. */
    graphics(parameters) {
        const codes = parameters.split(/[;:]/).map((code) => Number(code) || 0);
        for (let i = 0; i < codes.length; i++) {
            const code = codes[i];
            const style = this.style;
            if (code === 0) this.style = {};
            else if (code === 1) style.bold = true;
            else if (code === 2) style.faint = true;
            else if (code === 3) style.italic = true;
            else if (code === 4) style.underline = true;
            else if (code === 7) style.inverse = true;
            else if (code === 9) style.strike = true;
            else if (code === 22) { style.bold = false; style.faint = false; }
            else if (code === 23) style.italic = false;
            else if (code === 24) style.underline = false;
            else if (code === 27) style.inverse = false;
            else if (code === 29) style.strike = false;
            else if (code >= 30 && code <= 37) style.color = names[code - 30];
            else if (code >= 90 && code <= 97) style.color = `bright-${names[code - 90]}`;
            else if (code === 39) style.color = undefined;
            else if (code >= 40 && code <= 47) style.ground = names[code - 40];
            else if (code >= 100 && code <= 107) style.ground = `bright-${names[code - 100]}`;
            else if (code === 49) style.ground = undefined;
            else if (code === 38 || code === 48) {
                const [color, used] = extended(codes, i + 1);
                if (color) style[code === 38 ? "color" : "ground"] = color;
                i += used;
            }
        }
    }

    /** The style as one word: classes, and colours without a class. */
    classes() {
        const { color, ground, ...flags } = this.style;
        const parts = Object.entries(flags).filter(([, isSet]) => isSet).map(([name]) => name);
        if (color) parts.push(color.startsWith("rgb") ? `color:${color}` : color);
        if (ground) parts.push(ground.startsWith("rgb") ? `ground:${ground}` : `on-${ground}`);
        return parts.join(" ");
    }
}

/** A line as elements. @param {Line} line */
export function lineOf(line) {
    return line.map(({ text, style }) => {
        if (style === "") return text;
        const own = {};
        const classes = style.split(" ").filter((part) => {
            if (part.startsWith("color:")) own.color = part.slice(6);
            else if (part.startsWith("ground:")) own["background-color"] = part.slice(7);
            else return true;
            return false;
        });
        return h("span", { class: classes.map((name) => `ansi-${name}`).join(" "), style: own }, text);
    });
}

/**
 * A colour of the palette of 256, or of red, green and blue.
 * @param {number[]} codes
 * @returns {[string | undefined, number]} and how many codes it takes
 */
function extended(codes, from) {
    if (codes[from] === 2) {
        const channels = codes.slice(from + 1, from + 4).map((value) => Math.min(value ?? 0, 255));
        return [channels.length === 3 ? `rgb(${channels.join(",")})` : undefined, 4];
    }
    if (codes[from] !== 5) return [undefined, 1];
    const index = codes[from + 1] ?? 0;
    if (index < 8) return [names[index], 2];
    if (index < 16) return [`bright-${names[index - 8]}`, 2];
    if (index > 255) return [undefined, 2];
    if (index >= 232) {
        const grey = (index - 232) * 10 + 8;
        return [`rgb(${grey},${grey},${grey})`, 2];
    }
    const level = (value) => (value === 0 ? 0 : value * 40 + 55);
    const cube = index - 16;
    return [`rgb(${level(Math.floor(cube / 36))},${level(Math.floor(cube / 6) % 6)},${level(cube % 6)})`, 2];
}

function append(line, text, style) {
    if (text === "") return;
    const last = line.at(-1);
    if (last && last.style === style) last.text += text;
    else line.push({ text, style });
}

function slice(line, from, to) {
    const kept = [];
    let at = 0;
    for (const { text, style } of line) {
        const part = text.slice(Math.max(0, from - at), Math.max(0, to - at));
        if (part !== "") kept.push({ text: part, style });
        at += text.length;
    }
    return kept;
}
