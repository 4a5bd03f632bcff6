/** The condition of the query: what the user typed, the quick filter, and the brushed ranges of plots. */
import { isNameable, made, quoted, textLiteral } from "./columns.js";

/** The most columns of a quick filter: a condition may have 20 regular expressions. */
const searched = 18;

/**
 * @param {Record<string, string>} state `where`, `q`, `brush`
 * @param {string[]} columns the shown ones
 * @returns {{ where: string | undefined, shift: number }} `shift`: where the user's text begins in it, in bytes
 */
export function condition(state, columns) {
    const parts = [];
    const where = state.where?.trim() ? state.where : "";
    const others = [quick(state.q, columns), ...brushed(state.brush).map(rangeText)].filter(Boolean);
    if (where) parts.push(others.length > 0 ? `(${where})` : where);
    parts.push(...others);
    return { where: parts.join(" & ") || undefined, shift: where && others.length > 0 ? 1 : 0 };
}

/** Texts in any of the shown columns. Each word is searched by itself. */
function quick(text, columns) {
    const words = (text ?? "").trim().split(/\s+/).filter(Boolean).slice(0, 3);
    const names = ["run", ...columns.filter((name) => name !== "run" && isNameable(name) && !(name in made) && !/^(min_|max_|metric_|eval_|start$|end$|updated$)/.test(name))];
    const each = Math.max(1, Math.floor(searched / Math.max(1, words.length)));
    return words.map((word) => {
        const pattern = textLiteral(word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
        return `(${names.slice(0, each).map((name) => `grepl(${pattern}, ${quoted(name)}, ignore.case = TRUE)`).join(" | ")})`;
    }).join(" & ");
}

/** The ranges that were brushed in plots: `[["flag_lr",0.01,0.1],["flag_model","mlp","vit"]]`. */
export function brushed(text) {
    let ranges;
    try { ranges = JSON.parse(text || "[]"); } catch { return []; }
    if (!Array.isArray(ranges)) return [];
    return ranges.filter((range) => Array.isArray(range) && typeof range[0] === "string" && isNameable(range[0])
        && ["number", "string"].includes(typeof range[1]) && typeof range[1] === typeof range[2])
        .map(([name, low, high]) => ({ name, low, high }));
}

export const brushText = (ranges) => ranges.length === 0 ? "" : JSON.stringify(ranges.map(({ name, low, high }) => [name, low, high]));

const literal = (value) => typeof value === "number" ? String(value) : textLiteral(value);

function rangeText({ name, low, high }) {
    // TRUE and FALSE cannot be compared as texts.
    if (low === "true" || low === "false") return `${quoted(name)} %in% c(${[...new Set([low, high])].map((flag) => flag.toUpperCase()).join(", ")})`;
    return `${quoted(name)} >= ${literal(low)} & ${quoted(name)} <= ${literal(high)}`;
}
