/** Text of a program, with line numbers and highlighting by highlight.js. */
import { h } from "../dom.js";
import { script } from "../chart/library.js";

const languages = {
    r: "r", R: "r", py: "python", pyi: "python", jl: "julia", js: "javascript", ts: "typescript", json: "json", yaml: "yaml", yml: "yaml",
    md: "markdown", Rmd: "markdown", qmd: "markdown", sh: "bash", bash: "bash", toml: "ini", ini: "ini", cfg: "ini", c: "c", h: "c", cpp: "cpp",
    cc: "cpp", hpp: "cpp", cu: "cpp", swift: "swift", rs: "rust", go: "go", java: "java", sql: "sql", html: "xml", xml: "xml", css: "css",
    Dockerfile: "dockerfile", Makefile: "makefile", lua: "lua", scala: "scala", kt: "kotlin", rb: "ruby", pl: "perl", m: "matlab",
};
/** The most characters that are highlighted, and that are shown. */
const mostHighlighted = 200_000, most = 2_000_000;

/** The language of a file by its name, or none. @param {string} path */
export function languageOf(path) {
    const name = path.split("/").at(-1) ?? "";
    return languages[name] ?? languages[name.split(".").at(-1) ?? ""];
}

/** @param {string} text @param {string} path @returns {HTMLElement} */
export function code(text, path) {
    const shown = text.slice(0, most);
    const content = h("code", {}, shown);
    const count = shown.split("\n").length - (shown.endsWith("\n") ? 1 : 0);
    const language = languageOf(path);
    if (language && shown.length <= mostHighlighted) {
        content.classList.add(`language-${language}`);
        script("highlight.js").then(() => {
            // highlight.js reads the element's text and adds spans.
            if (globalThis.hljs.getLanguage(language)) globalThis.hljs.highlightBlock(content);
        }).catch(() => { /* Shown without highlighting. */ });
    }
    return h("div.code", { tabindex: "0", role: "region", "aria-label": path },
        h("pre.code-lines", { "aria-hidden": "true" }, Array.from({ length: Math.max(count, 1) }, (_, i) => i + 1).join("\n")),
        h("pre", {}, content), text.length > most && h("p.dim", {}, "The rest is not shown."));
}
