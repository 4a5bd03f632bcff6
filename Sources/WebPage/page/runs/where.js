/** The condition, as for R's `ls_runs()`, with completion of columns and values. */
import { json, query } from "../api.js";
import { h } from "../dom.js";
import { isNameable, made, quoted, textLiteral } from "./columns.js";

const most = 60;
const statuses = ["running", "completed", "failed", "stopped", "stale", "pending", "archived"];
const functions = ["is.na(", "grepl(", "startsWith(", "endsWith("];

export class WhereInput {
    /** @type {{ text: string, hint: string }[]} */
    #options = [];
    #chosen = -1;
    #from = 0;
    /** @type {Map<string, Promise<any[]>>} the values of columns */
    #values = new Map();
    #asked = 0;

    constructor(view) {
        this.view = view;
        this.list = h("ul.options", { id: "where-options", role: "listbox", "aria-label": "Columns and values", hidden: true });
        this.input = h("input", {
            type: "text", role: "combobox", spellcheck: "false", autocomplete: "off", autocapitalize: "off", "aria-label": "Condition on the columns, as in R",
            "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": "where-options", placeholder: "Filter: eval_acc > 0.9 & flag_lr <= 0.01",
            oninput: () => this.#offer(), onkeydown: (event) => this.#key(event), onblur: () => this.#close(), onclick: () => this.#offer(),
            onchange: () => this.#apply(),
        });
        this.element = h("div.where", {}, this.input, this.list);
    }

    update(text) { if (document.activeElement !== this.input || this.#applied !== text) this.input.value = this.#applied = text; }

    #applied = "";

    #apply() {
        const text = this.input.value.trim();
        this.#close();
        if (text === this.#applied) return;
        this.#applied = text;
        this.view.set({ where: text });
    }

    #key(event) {
        const isOpen = !this.list.hidden;
        if (event.key === "ArrowDown" || event.key === "ArrowUp") {
            event.preventDefault();
            if (!isOpen) return this.#offer();
            const count = this.#options.length;
            this.#mark((this.#chosen + (event.key === "ArrowDown" ? 1 : this.#chosen < 0 ? 0 : -1) + count) % count);
        } else if (event.key === "Enter" || (event.key === "Tab" && isOpen && this.#chosen >= 0)) {
            if (isOpen && this.#chosen >= 0) { event.preventDefault(); this.#take(this.#chosen); } else this.#apply();
        } else if (event.key === "Escape") {
            if (isOpen) { event.stopPropagation(); this.#close(); }
        }
    }

    /** Offers completions at the cursor. */
    async #offer() {
        const number = ++this.#asked;
        const before = this.input.value.slice(0, this.input.selectionStart);
        const value = /(`[^`]+`|[A-Za-z.][\w.]*)\s*(?:[=!<>]=?|%in%\s*(?:c\((?:[^()]*,)?)?)\s*("[^"]*|'[^']*|[\w.-]*)$/.exec(before);
        if (value) {
            const name = value[1].replaceAll("`", "");
            this.#from = before.length - value[2].length;
            const wanted = value[2].replace(/^["']/, "").toLowerCase();
            const values = await this.#valuesOf(name);
            if (number !== this.#asked) return;
            return this.#show(values.filter((found) => String(found.value).toLowerCase().includes(wanted)).slice(0, most)
                .map((found) => ({ text: literal(found.value), hint: `${found.count}` })));
        }
        const word = /(?:`[^`]*|[A-Za-z_.][\w.]*)$/.exec(before)?.[0] ?? "";
        this.#from = before.length - word.length;
        const wanted = word.replace("`", "").toLowerCase();
        // Where an operator is expected, nothing is offered.
        if (wanted === "" && /[\w)`"']\s*$/.test(before)) return this.#close();
        const known = this.view.known.filter((name) => isNameable(name) && !(name in made));
        const starts = known.filter((name) => name.toLowerCase().startsWith(wanted));
        const others = wanted ? known.filter((name) => !starts.includes(name) && name.toLowerCase().includes(wanted)) : [];
        this.#show([...starts.map((name) => ({ text: quoted(name), hint: "" })), ...others.map((name) => ({ text: quoted(name), hint: "" })),
            ...functions.filter((name) => wanted && name.toLowerCase().startsWith(wanted)).map((text) => ({ text, hint: "function" }))].slice(0, most));
    }

    /** The values of a column, and how many of the newest runs have each. */
    #valuesOf(name) {
        if (name === "status") return Promise.resolve(statuses.map((value) => ({ value, count: "" })));
        if (!this.#values.has(name)) this.#values.set(name, this.#readValues(name).catch(() => []));
        return this.#values.get(name);
    }

    async #readValues(name) {
        if (!this.view.known.includes(name)) return [];
        const page = await json(`runs${query({ where: `!is.na(${quoted(name)})`, columns: quoted(name), limit: 1000, archived: this.view.state.archived })}`);
        const counts = new Map();
        for (const run of page.runs) if (run[name] !== undefined) counts.set(run[name], (counts.get(run[name]) ?? 0) + 1);
        return [...counts].map(([value, count]) => ({ value, count })).sort((one, other) => other.count - one.count);
    }

    #show(options) {
        const word = this.input.value.slice(this.#from, this.input.selectionStart);
        if (options.length === 0 || document.activeElement !== this.input || (options.length === 1 && options[0].text === word)) return this.#close();
        this.#options = options;
        this.list.replaceChildren(...options.map(({ text, hint }, index) => h("li", {
            id: `where-option-${index}`, role: "option", "aria-selected": "false",
            onpointerdown: (event) => { event.preventDefault(); this.#take(index); },
        }, h("span", {}, text), h("span.dim", {}, hint))));
        this.list.hidden = false;
        this.input.setAttribute("aria-expanded", "true");
        this.#mark(-1);
    }

    #mark(index) {
        this.list.children[this.#chosen]?.setAttribute("aria-selected", "false");
        this.#chosen = index;
        const option = this.list.children[index];
        option?.setAttribute("aria-selected", "true");
        option?.scrollIntoView({ block: "nearest" });
        if (option) this.input.setAttribute("aria-activedescendant", option.id);
        else this.input.removeAttribute("aria-activedescendant");
    }

    #take(index) {
        const { text } = this.#options[index];
        const rest = this.input.value.slice(this.input.selectionStart).replace(/^[\w.]*[`"']?/, "");
        this.input.value = this.input.value.slice(0, this.#from) + text + rest;
        const at = this.#from + text.length;
        this.input.setSelectionRange(at, at);
        this.#close();
    }

    #close() {
        this.#asked++;
        this.list.hidden = true;
        this.#chosen = -1;
        this.input.setAttribute("aria-expanded", "false");
        this.input.removeAttribute("aria-activedescendant");
    }
}

function literal(value) {
    if (typeof value === "boolean") return value ? "TRUE" : "FALSE";
    return typeof value === "number" ? String(value) : textLiteral(String(value));
}
