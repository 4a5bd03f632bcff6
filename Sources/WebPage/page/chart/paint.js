/** The parts of a chart other than its lines: marks, labels of axes, and its description in words. */
import { numberText } from "../format.js";
import { faint } from "./colors.js";

/**
 * Marks non-finite values: a cross for NaN, a triangle at the top or the bottom for an infinity.
 * @param {CanvasRenderingContext2D} context @param {{ x: number, y: number, w: number, h: number }} area @param {any} plot
 * @param {import("./data.js").Mark[]} marks @param {(x: number) => number} toPlot
 */
export function drawMarks(context, area, plot, marks, toPlot) {
    for (const mark of marks) {
        const x = plot.toDomXCoord(toPlot(mark.x));
        if (x < area.x || x > area.x + area.w) continue;
        context.strokeStyle = faint(mark.color);
        context.lineWidth = 1;
        context.beginPath();
        context.moveTo(x, area.y);
        context.lineTo(x, area.y + area.h);
        context.stroke();
        context.fillStyle = mark.color;
        context.font = "600 10px system-ui, sans-serif";
        context.textAlign = "center";
        const glyph = { NaN: "×", Inf: "▲", "-Inf": "▼" }[mark.kind] ?? "×";
        context.fillText(glyph, x, mark.kind === "-Inf" ? area.y + area.h - 2 : area.y + 9);
    }
}

/** A short number for an axis. @param {number} value */
export function tick(value) {
    if (value === 0) return "0";
    const size = Math.abs(value);
    if (size >= 1e15 || size < 1e-4) return value.toExponential(2).replace(/\.?0+e/, "e").replace("e+", "e");
    if (size >= 1e4) {
        const [unit, letter] = size >= 1e12 ? [1e12, "T"] : size >= 1e9 ? [1e9, "G"] : size >= 1e6 ? [1e6, "M"] : [1e3, "k"];
        return `${Number((value / unit).toPrecision(4))}${letter}`;
    }
    return String(Number(value.toPrecision(5)));
}

/** A chart in words, for screen readers. */
export function description(name, lines) {
    const parts = lines.slice(0, 6).map((line) => {
        const finite = line.y.filter((y) => y !== null && Number.isFinite(y));
        const most = [Math.min, Math.max].map((most) => finite.reduce((a, b) => most(a, b), finite[0] ?? NaN));
        return `${line.run ? `${line.run} ` : ""}${line.label}: last ${numberText(line.y.at(-1) ?? "missing")}, `
            + `least ${numberText(most[0])}, greatest ${numberText(most[1])}`;
    });
    return `Chart of ${name}. ${parts.join("; ")}. Arrow keys move the cursor, plus and minus zoom, Escape shows all.`;
}
