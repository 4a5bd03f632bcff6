/** The view of all runs: the query is in the address; the table shows its result. */
import { address, setState } from "../address.js";
import { json } from "../api.js";
import { fill, h, style } from "../dom.js";
import { subscribe } from "../live.js";
import { cellMaker, isNumeric } from "./cells.js";
import { listText, mainMetrics, orderText, parseList, parseOrder, usual } from "./columns.js";
import { RunList } from "./data.js";
import { condition } from "./filters.js";
import { groupCell, grouped } from "./groups.js";
import { HeadCells } from "./heads.js";
import { Plots } from "./plots.js";
import { Selection } from "./selection.js";
import { Sparks } from "./sparks.js";
import { WindowedTable } from "./table.js";
import { Toolbar } from "./toolbar.js";
import { welcome } from "./welcome.js";

const styles = style(new URL("./runs.css", import.meta.url));
const rowHeight = 30;
/** The number of rows from which a column's format is chosen. */
const sample = 200;

export function show(main) {
    const view = new RunsView(main);
    view.begin();
    return { end: () => view.end(), update: () => view.update() };
}

class RunsView {
    /** @type {string[]} all columns that runs have */
    known = [];
    /** @type {string[]} the default columns */
    usual = [];
    /** @type {Record<string, any>[]} some of the newest runs, with all their columns */
    newest = [];
    /** @type {RunList | null} */
    list = null;
    /** @type {Record<string, string>} the state in the address */
    state = {};
    #ends = [];
    #isEnded = false;
    /** Whether the pointer is down, so that nothing under it may change; and whether a redraw is due after. */
    #isHeld = false;
    #isDue = false;
    #retry = 0;
    #columnsTimer = 0;
    #asked = "";

    constructor(main) {
        this.main = main;
        this.state = address().state;
        this.selection = new Selection(this);
        this.heads = new HeadCells(this);
        this.toolbar = new Toolbar(this);
        this.plots = new Plots(this);
        this.sparks = new Sparks();
        this.none = h("div.none", { role: "status", hidden: true });
        this.table = new WindowedTable({
            label: "Runs", rowHeight,
            rowOptions: (item) => item.options?.() ?? this.selection.rowOptions(item),
            seen: (first, last) => this.#seen(first, last),
        });
    }

    #hold = () => { this.#isHeld = true; };

    #release = () => {
        this.#isHeld = false;
        // After the click.
        if (this.#isDue) setTimeout(() => { if (this.#isDue && !this.#isEnded) { this.#isDue = false; this.redraw(); } });
    };

    async begin() {
        try {
            const [some] = await Promise.all([this.#look(), styles]);
            if (this.#isEnded) return;
            for (const [type, listener] of Object.entries({ pointerdown: this.#hold, pointerup: this.#release, pointercancel: this.#release })) {
                addEventListener(type, listener, true);
                this.#ends.push(() => removeEventListener(type, listener, true));
            }
            this.#ends.push(subscribe((event) => this.#happened(event)));
            if (some.count === 0) return this.#welcome();
            this.main.append(h("div.runs", {}, this.toolbar.element, this.toolbar.chips, this.toolbar.fault, this.plots.element, this.table.element, this.none), this.selection.element);
            this.update();
        } catch (error) {
            if (this.#isEnded) return;
            const again = () => { this.main.replaceChildren(); this.begin(); };
            // For example while the index is built.
            if (error.status === 503) this.#retry = setTimeout(again, 2000);
            this.main.replaceChildren(h("div.problem", {}, h("p", {}, error instanceof TypeError ? "The server cannot be reached." : error.message),
                h("button", { onclick: again }, "Try again")));
        }
    }

    end() {
        this.#isEnded = true;
        for (const end of this.#ends) end();
        clearTimeout(this.#retry);
        clearTimeout(this.#columnsTimer);
        this.list?.end();
        this.table.end();
        this.toolbar.end();
        this.plots.end();
        this.sparks.end();
    }

    #welcome() {
        this.isWelcome = true;
        this.main.replaceChildren(welcome());
    }

    /**
     * Changes the state, and shows it.
     * @param {Record<string, any>} change @param {{ push?: boolean }} options `push`: whether the back button returns
     *   to the previous state
     */
    set(change, options = { push: true }) {
        setState(change, options);
        this.update();
    }

    /** Updates from the address. */
    update() {
        if (this.isWelcome) return;
        this.state = address().state;
        this.selection.read();
        this.toolbar.update();
        this.sparks.setMetric(this.sparkMetric);
        this.plots.update();
        const { order, archived } = this.state;
        const { where } = condition(this.state, this.columns);
        const asked = JSON.stringify([where, order, archived, [...this.#needed].sort()]);
        if (asked === this.#asked) return this.redraw();
        this.#asked = asked;
        const before = this.list;
        this.list?.end();
        const list = this.list = new RunList({ where, order, archived, columns: this.#needed }, () => { if (this.list === list) this.redraw(); });
        // Until the first page has arrived, the previous rows stay.
        list.rows = before?.rows ?? [];
        list.count = before?.count ?? 0;
        if (before) this.table.scrollToTop();
        this.redraw();
        list.reload();
    }

    get #needed() { return this.state.group ? [...this.columns, this.state.group] : this.columns; }

    /** The message if there are no rows. */
    #showNone() {
        const { state, list } = this;
        const isFiltered = Boolean(state.where || state.q || state.brush);
        this.none.hidden = list.count > 0 || !list.isComplete || Boolean(list.problem);
        fill(this.none, isFiltered ? "No runs match." : state.archived === "true" ? "No runs are archived." : "All runs are archived.",
            isFiltered ? h("button", { onclick: () => this.set({ where: "", q: "", brush: "" }) }, "Show all") : state.archived !== "true" && h("button", { onclick: () => this.set({ archived: "true" }) }, "Show them"));
    }

    /** Schedules a look for new columns. */
    #lookForColumns() {
        this.#columnsTimer ||= setTimeout(async () => {
            try {
                await this.#look();
            } catch { /* The header shows it. */ }
            setTimeout(() => { this.#columnsTimer = 0; }, 4000);
        }, 1000);
    }

    /** Reads which columns exist, and chooses the default ones. */
    async #look() {
        const [{ columns }, some] = await Promise.all([json("columns"), json("runs?limit=20&archived=all")]);
        const known = [...columns, "duration", "sparkline"];
        if (this.#isEnded || known.join() === this.known.join()) return some;
        this.known = known;
        this.newest = some.runs;
        this.usual = usual(known, some.runs);
        if (this.list) this.update();
        return some;
    }

    /** The shown columns, in order. */
    get columns() { return this.state.columns ? parseList(this.state.columns) : this.usual; }

    /** The number of pinned columns. */
    get pinned() { return Number(this.state.pin ?? 1); }

    get order() { return parseOrder(this.state.order); }

    setColumns(names, more = {}) {
        this.set({ columns: names.join() === this.usual.join() ? "" : listText(names), ...more }, {});
    }

    setOrder(keys) { this.set({ order: orderText(keys) }); }

    /** The metric of the sparklines. */
    get sparkMetric() { return this.state.spark ?? mainMetrics(this.known)[0] ?? ""; }

    /** The item of a row: a run or a group; `undefined` if it has not been read. */
    itemAt(index) { return this.items ? this.items[index] : this.list.at(index); }

    /** Opens or closes a group. */
    toggle(name) {
        const open = new Set(parseList(this.state.open));
        if (!open.delete(name)) open.add(name);
        this.set({ open: listText([...open]) }, {});
    }

    /** Shows the present state of the list. */
    redraw() {
        if (this.#isHeld) { this.#isDue = true; return; }
        const { rows, count, problem } = this.list;
        this.toolbar.told(this.list);
        if (problem) return;
        this.#showColumns(rows.slice(0, sample));
        const { group } = this.state;
        this.items = group ? grouped(rows, group, new Set(parseList(this.state.open))) : null;
        if (group) this.list.ensure(Infinity);
        this.table.setRows(this.items?.length ?? count, (index) => this.itemAt(index));
        this.selection.show();
        this.#showNone();
    }

    #showColumns(runs) {
        const columns = this.columns.map((name, index) => {
            const isNumber = isNumeric(name, runs);
            const isPinned = index < this.pinned;
            return { ...this.heads.column(name, isNumber, isPinned), isNumber, isPinned, cell: this.#cell(name, index, isNumber, runs) };
        });
        this.table.setColumns([this.selection.column, ...columns]);
    }

    #cell(name, index, isNumber, runs) {
        /** @type {((run: any) => any) & { key?: string }} */
        const make = name === "sparkline" ? Object.assign((run) => this.sparks.cell(run), { key: this.sparkMetric }) : cellMaker(name, runs);
        if (!this.state.group) return make;
        const options = { isFirst: index === 0, isNumber, column: this.state.group, toggle: (group) => this.toggle(group) };
        return Object.assign((item) => item.group === undefined ? make(item) : groupCell(item, name, options), { key: `${make.key} by ${this.state.group}` });
    }

    #seen(first, last) {
        if (this.list && !this.items) this.list.look(first, last);
    }

    #happened(event) {
        if (this.isWelcome) {
            if (event.type !== "initialised" && event.type !== "reset") return;
            this.isWelcome = false;
            this.main.replaceChildren();
            for (const end of this.#ends.splice(0)) end();
            return this.begin();
        }
        if (["initialised", "flags", "evaluation", "properties", "metrics", "reset"].includes(event.type)) this.#lookForColumns();
        if (event.type === "reset") return this.list?.reload();
        if (event.type === "output" || event.type === "artifact" || !event.run) return;
        if (["metrics", "skipped", "removed"].includes(event.type)) this.sparks.forget(event.run);
        this.list?.touch(event.run);
        this.plots.touch();
    }
}
