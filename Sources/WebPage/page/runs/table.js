/**
 * A table of very many rows. Only the visible rows are created. One row above them and one below fill the height of all
 * others. All rows have the same height.
 */
import { h } from "../dom.js";

const overscan = 12;

/**
 * @typedef {object} TableColumn
 * @property {string} key
 * @property {number} width in pixels
 * @property {HTMLElement} head what is in its header
 * @property {boolean} [isNumber] whether it is right-aligned
 * @property {boolean} [isPinned] whether it stays in place when the table scrolls sideways
 * @property {string} [sort] "ascending", "descending" or "none"
 * @property {string} [label] for the header's name
 * @property {((item: any, index: number) => any) & { key?: string }} cell makes a cell's content; `key` identifies how
 * @property {number} [left] set by the table
 */

export class WindowedTable {
    /** @type {TableColumn[]} */
    #columns = [];
    /** @type {(index: number) => any} */
    #item = () => undefined;
    #count = 0;
    #planned = 0;
    /** @type {Map<any, HTMLElement>} the existing rows, by their items */
    #rows = new Map();
    #shown = "";

    /**
     * @param {{ label: string, rowHeight: number, rowOptions: (item: any, index: number) => Record<string, any>,
     *   seen: (first: number, last: number) => void }} options `seen` is called with the visible rows
     */
    constructor(options) {
        this.options = options;
        this.group = h("colgroup");
        this.headRow = h("tr", { "aria-rowindex": 1 });
        this.above = h("tr.filler", { "aria-hidden": "true" }, h("td"));
        this.below = h("tr.filler", { "aria-hidden": "true" }, h("td"));
        this.body = h("tbody", {}, this.above, this.below);
        this.table = h("table.windowed", { "aria-label": options.label }, this.group, h("thead", {}, this.headRow), this.body);
        this.element = h("div.scroller", { tabindex: "0", role: "region", "aria-label": options.label, onscroll: () => this.#plan() }, this.table);
        this.observer = new ResizeObserver(() => this.#plan());
        this.observer.observe(this.element);
    }

    /** @param {TableColumn[]} columns */
    setColumns(columns) {
        // Existing elements are kept if possible, since they may have the pointer or the focus.
        const shown = JSON.stringify(columns.map(({ key, width, isNumber, isPinned, sort, label, cell }) => [key, width, isNumber, isPinned, sort, label, cell.key]));
        if (shown === this.#shown) return;
        this.#shown = shown;
        this.#columns = columns;
        let left = 0;
        this.group.replaceChildren(...columns.map((column) => h("col", { style: { width: `${column.width}px` } })), h("col"));
        this.headRow.replaceChildren(...columns.map((column) => {
            const cell = h(`th${column.isNumber ? ".number" : ""}${column.isPinned ? ".pinned" : ""}`,
                { scope: "col", "aria-sort": column.sort ?? null, "data-column": column.key, title: column.label ?? null }, column.head);
            if (column.isPinned) { cell.style.left = `${left}px`; column.left = left; left += column.width; }
            return cell;
        }), h("th.rest", { "aria-hidden": "true" }));
        const width = columns.reduce((sum, column) => sum + column.width, 0);
        this.table.style.minWidth = `${width}px`;
        this.element.style.scrollPaddingLeft = `${left}px`;
        this.table.setAttribute("aria-colcount", String(columns.length));
        this.#rows.clear();
    }

    /** Sets the rows. @param {number} count @param {(index: number) => any} item of a row; `undefined`: not there yet */
    setRows(count, item) {
        this.#count = count;
        this.#item = item;
        this.table.setAttribute("aria-rowcount", String(count + 1));
        this.#draw();
    }

    /** Makes all rows again when they are next shown. */
    forgetRows() { this.#rows.clear(); }

    scrollToTop() { this.element.scrollTop = 0; }

    end() { this.observer.disconnect(); cancelAnimationFrame(this.#planned); }

    #plan() {
        this.#planned ||= requestAnimationFrame(() => { this.#planned = 0; this.#draw(); });
    }

    #draw() {
        const { rowHeight, seen } = this.options;
        const first = Math.floor(this.element.scrollTop / rowHeight);
        const inView = Math.ceil(this.element.clientHeight / rowHeight);
        const from = Math.max(0, Math.min(first - overscan, this.#count - inView));
        const to = Math.min(this.#count, first + inView + overscan);
        const rows = new Map();
        for (let index = from; index < to; index++) {
            const item = this.#item(index);
            const row = item && this.#rows.get(item);
            row?.setAttribute("aria-rowindex", String(index + 2));
            rows.set(item ?? index, row ?? this.#row(item, index));
        }
        this.above.firstChild.style.height = `${from * rowHeight}px`;
        this.below.firstChild.style.height = `${Math.max(0, this.#count - to) * rowHeight}px`;
        this.above.hidden = from === 0;
        this.below.hidden = to >= this.#count;
        this.#keepFocus(() => this.#place([this.above, ...rows.values(), this.below]));
        this.#rows = rows;
        if (to > from) seen(first, Math.min(to, first + inView));
    }

    /** Puts rows into the body; those that stay are not removed, so that clicks on them work. */
    #place(rows) {
        const kept = new Set(rows);
        for (const row of [...this.body.children]) if (!kept.has(row)) row.remove();
        rows.forEach((row, index) => { if (this.body.children[index] !== row) this.body.insertBefore(row, this.body.children[index] ?? null); });
    }

    /** Elements that are made again keep the focus of those that they replace. */
    #keepFocus(change) {
        const focused = /** @type {HTMLElement} */ (document.activeElement);
        const row = this.body.contains(focused) ? focused.closest("tr") : null;
        const place = row && [...row.querySelectorAll("a, input, button")].indexOf(focused);
        change();
        if (!row || document.activeElement === focused) return;
        const same = [...this.body.children].find((other) => other.dataset.key && other.dataset.key === row.dataset.key);
        same?.querySelectorAll("a, input, button")[place]?.focus({ preventScroll: true });
    }

    #row(item, index) {
        if (item === undefined) return h("tr.waiting", { "aria-rowindex": index + 2 }, h("td", { colspan: this.#columns.length + 1 }, "…"));
        const row = h("tr", { "aria-rowindex": index + 2, ...this.options.rowOptions(item, index) });
        for (const column of this.#columns) {
            const cell = h(`td${column.isNumber ? ".number" : ""}${column.isPinned ? ".pinned" : ""}`, {}, column.cell(item, index));
            if (column.isPinned) cell.style.left = `${column.left}px`;
            row.append(cell);
        }
        row.append(h("td.rest"));
        return row;
    }
}
