/** The selected runs, and actions on them. */
import { link, setState } from "../address.js";
import { request, send } from "../api.js";
import { attempt, toast } from "../confirm.js";
import { h } from "../dom.js";
import { listText, needed, parseList, textLiteral } from "./columns.js";
import { condition } from "./filters.js";
import { allText } from "./csv.js";

/** The most runs of one request. */
const together = 500;

export class Selection {
    /** @type {Set<string>} */
    chosen = new Set();
    /** The row from which Shift extends the selection. */
    #last = -1;

    constructor(view) {
        this.view = view;
        this.all = h("input", { type: "checkbox", "aria-label": "Select all loaded runs", onchange: () => this.#chooseAll() });
        this.column = { key: "", width: 36, isPinned: true, head: this.all, cell: (run, index) => this.#box(run, index) };
        this.element = h("div.selection", { role: "region", "aria-label": "Selected runs", hidden: true });
    }

    /** Reads it from the address. */
    read() {
        const chosen = parseList(this.view.state.chosen);
        if (chosen.length === this.chosen.size && chosen.every((run) => this.chosen.has(run))) return;
        this.chosen = new Set(chosen);
        this.view.table?.forgetRows();
    }

    rowOptions(run) {
        return { "aria-selected": this.chosen.has(run.run) ? "true" : null, "data-key": run.run };
    }

    #box(run, index) {
        if (run.group !== undefined) return this.#groupBox(run);
        return h("input", {
            type: "checkbox", checked: this.chosen.has(run.run), "aria-label": `Select ${run.run}`,
            onclick: (event) => this.#choose(run, index, event),
        });
    }

    #groupBox({ group, runs }) {
        const count = runs.filter((run) => this.chosen.has(run.run)).length;
        return h("input", {
            type: "checkbox", checked: count === runs.length, indeterminate: count > 0 && count < runs.length, "aria-label": `Select the ${runs.length} runs of ${group}`,
            onclick: (event) => {
                for (const run of runs) if (event.currentTarget.checked) this.chosen.add(run.run); else this.chosen.delete(run.run);
                this.#changed();
            },
        });
    }

    #choose(run, index, event) {
        const isChosen = event.currentTarget.checked;
        const [from, to] = event.shiftKey && this.#last >= 0 ? [Math.min(index, this.#last), Math.max(index, this.#last)] : [index, index];
        for (let row = from; row <= to; row++) {
            const item = this.view.itemAt(row);
            if (!item?.run) continue;
            if (isChosen) this.chosen.add(item.run);
            else this.chosen.delete(item.run);
        }
        this.#last = index;
        this.#changed();
    }

    #chooseAll() {
        this.chosen = new Set(this.all.checked ? this.view.list.rows.map((run) => run.run) : []);
        this.#changed();
    }

    clear() {
        this.chosen.clear();
        this.#changed();
    }

    #changed() {
        // The address has room for some.
        setState({ chosen: this.chosen.size <= 100 ? listText([...this.chosen]) : "" });
        this.view.state.chosen = listText([...this.chosen]);
        this.view.table.forgetRows();
        this.view.redraw();
    }

    #shown = "";

    /** Shows the possible actions. */
    show() {
        const count = this.chosen.size;
        const rows = this.view.list.rows;
        this.all.checked = count > 0 && rows.length > 0 && rows.every((run) => this.chosen.has(run.run));
        this.all.indeterminate = count > 0 && !this.all.checked;
        this.element.hidden = count === 0;
        const shown = JSON.stringify([[...this.chosen], this.view.state.archived]);
        if (count === 0 || shown === this.#shown) return;
        this.#shown = shown;
        const focused = [...this.element.querySelectorAll("button, a")].indexOf(document.activeElement);
        const ids = [...this.chosen];
        const isArchive = this.view.state.archived === "true";
        const isAll = this.view.state.archived === "all";
        this.element.replaceChildren(
            h("span.count", { role: "status" }, `${count.toLocaleString("en")} selected`),
            count > 1 && count <= 100 ? h("a.button", { href: link(["compare"], { runs: ids.join(",") }) }, "Compare") : h("button", { disabled: true, title: "Select 2 to 100 runs to compare" }, "Compare"),
            ...(isArchive ? [] : [h("button", { onclick: () => this.#move("archive", ids) }, "Archive")]),
            ...(isArchive || isAll ? [h("button", { onclick: () => this.#move("restore", ids) }, "Restore")] : []),
            h("button", { onclick: () => attempt(() => this.#download(ids)) }, "CSV"),
            h("button.plain", { "aria-label": "Select none", title: "Select none", onclick: () => this.clear() }, "×"));
        if (focused >= 0) this.element.querySelectorAll("button, a")[focused]?.focus();
    }

    /** Archives or restores runs; each undoes the other. */
    async #move(action, ids) {
        const done = await attempt(() => this.#moveAll(action, ids));
        if (!done) return;
        this.clear();
        this.view.list.reload();
        if (done.failed.length > 0) toast(`${done.failed.length} failed: ${done.failed[0].detail}`, { bad: true });
        if (done.runs.length === 0) return;
        const what = done.runs.length === 1 ? done.runs[0] : `${done.runs.length.toLocaleString("en")} runs`;
        toast(`${what} ${action === "archive" ? "archived" : "restored"}`, {
            undo: async () => {
                await this.#moveAll(action === "archive" ? "restore" : "archive", done.runs);
                this.view.list.reload();
            },
        });
    }

    async #moveAll(action, ids) {
        const done = { runs: [], failed: [] };
        for (let at = 0; at < ids.length; at += together) {
            const where = `run %in% c(${ids.slice(at, at + together).map(textLiteral).join(", ")})`;
            const body = await (await request(`runs/${action}`, { method: "POST", body: new URLSearchParams({ where, dry_run: "false" }) })).json();
            done.runs.push(...body.runs);
            done.failed.push(...(body.failed ?? []));
        }
        return done;
    }

    async #download(ids) {
        const { archived, order } = this.view.state;
        const columns = needed(this.view.columns.filter((name) => name !== "duration"));
        const chosen = this.view.list.rows.length > ids.length || !this.view.list.isComplete;
        const parts = [];
        for (let at = 0; at < ids.length; at += together) {
            const where = chosen ? `run %in% c(${ids.slice(at, at + together).map(textLiteral).join(", ")})` : condition(this.view.state, this.view.columns).where;
            parts.push(await allText({ where, order, archived: archived ?? "all", columns }));
            if (!chosen) break;
        }
        const text = parts.map((part, index) => index === 0 ? part : part.slice(part.indexOf("\n") + 1)).join("");
        const address = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
        h("a", { href: address, download: "runs.csv" }).click();
        setTimeout(() => URL.revokeObjectURL(address), 60_000);
    }
}
