/** The toolbar above the table: the condition, the quick filter, what is shown. */
import { fill, h } from "../dom.js";
import { columnsMenu } from "./columnmenu.js";
import { brushed, brushText, condition } from "./filters.js";
import { describe } from "./columns.js";
import { numberText } from "../format.js";
import { WhereInput } from "./where.js";

/** Milliseconds after the last key before the quick filter is applied. */
const pause = 250;

export class Toolbar {
    #timer = 0;

    constructor(view) {
        this.view = view;
        this.where = new WhereInput(view);
        this.quick = h("input", {
            type: "search", placeholder: "Find text", "aria-label": "Find text in the shown columns",
            oninput: () => { clearTimeout(this.#timer); this.#timer = setTimeout(() => view.set({ q: this.quick.value }, {}), pause); },
        });
        this.archived = h("select", { "aria-label": "Archived runs", onchange: () => view.set({ archived: this.archived.value }) },
            h("option", { value: "" }, "Not archived"), h("option", { value: "true" }, "Archived"), h("option", { value: "all" }, "All runs"));
        const plot = (name, text) => h("button", { "data-plot": name, title: `Plot: ${text}`, onclick: () => view.set({ plot: view.state.plot === name ? "" : name }) }, text);
        this.plots = [plot("scatter", "Scatter"), plot("parallel", "Parallel")];
        this.columns = h("button", { "aria-haspopup": "dialog", onclick: () => columnsMenu(view, this.columns) }, "Columns");
        this.count = h("span.count", { role: "status", "aria-live": "polite" });
        this.element = h("div.bar", { role: "search" }, this.where.element, h("div.quick", {}, this.quick), this.archived, this.columns, this.plots, this.count);
        this.chips = h("div.chips");
        this.fault = h("div.fault.problem", { role: "alert", hidden: true });
    }

    end() { clearTimeout(this.#timer); }

    /** Updates from the address. */
    update() {
        const { state } = this.view;
        this.where.update(state.where ?? "");
        if (document.activeElement !== this.quick) this.quick.value = state.q ?? "";
        this.archived.value = state.archived ?? "";
        for (const button of this.plots) button.setAttribute("aria-pressed", String(button.dataset.plot === state.plot));
        const ranges = brushed(state.brush);
        const chip = (text, label, action) => h("span.chip", {}, h("span", {}, text), h("button", { "aria-label": `Remove: ${label}`, onclick: action }, "×"));
        fill(this.chips,
            state.group && chip(["Grouped by ", h("b", {}, state.group)], state.group, () => this.view.set({ group: "", open: "" })),
            ranges.map((range) => chip(`${describe(range.name).label}: ${numberText(range.low, 4)} … ${numberText(range.high, 4)}`, range.name,
                () => this.view.set({ brush: brushText(ranges.filter((other) => other !== range)) }))));
    }

    /** Shows the server's result. @param {import("./data.js").RunList} list */
    told(list) {
        const { problem } = list;
        this.where.input.setAttribute("aria-invalid", String(problem?.status === 400 && Boolean(this.view.state.where)));
        this.fault.hidden = !problem;
        this.count.textContent = problem ? "" : `${list.count.toLocaleString("en")} run${list.count === 1 ? "" : "s"}`;
        if (!problem) return;
        const document = problem.document;
        fill(this.fault, this.#marked(document?.offset), h("div", {}, document ? problem.message : "The server cannot be reached."),
            !document && h("button", { onclick: () => list.reload() }, "Try again"));
    }

    /** The condition with the fault marked. @param {number | undefined} offset in bytes */
    #marked(offset) {
        const text = this.view.state.where;
        if (offset === undefined || !text) return null;
        const bytes = new TextEncoder().encode(text);
        const at = offset - condition(this.view.state, this.view.columns).shift;
        if (at < 0 || at > bytes.length) return null;
        const before = new TextDecoder().decode(bytes.slice(0, at));
        const rest = text.slice(before.length);
        const word = /^(`[^`]*`?|[\w.]+|.)/.exec(rest)?.[0] ?? "";
        return h("pre", {}, before, h("mark", {}, word || "␣"), rest.slice(word.length));
    }
}
