/** Headers of the table's columns: click to sort, drag to move, resize at the edge; all of it by keyboard too. */
import { h } from "../dom.js";
import { describe, made, parseList } from "./columns.js";
import { columnMenu } from "./columnmenu.js";

const [narrowest, widest] = [48, 800];
const usualWidths = { run: 190, status: 104, start: 132, end: 132, updated: 132, duration: 104, sparkline: 120 };

/** The default width of a column. */
function usualWidth(name) {
    const { label } = describe(name);
    return usualWidths[name] ?? Math.min(190, Math.max(86, 34 + label.length * 7.5));
}

export class HeadCells {
    /** @param {any} view a RunsView */
    constructor(view) { this.view = view; }

    /** A column for the table. */
    column(name, isNumber, isPinned) {
        const { group, label } = name === "sparkline" ? { group: "course", label: this.view.sparkMetric } : describe(name);
        const place = this.view.order.findIndex((key) => key.name === name);
        const sort = place < 0 ? (name === "start" && this.view.order.length === 0 ? "descending" : "none")
            : this.view.order[place].descending ? "descending" : "ascending";
        const width = this.#widths().get(name) ?? usualWidth(name);
        const head = h("div.head", {
            draggable: true, oncontextmenu: (event) => { event.preventDefault(); this.#menu(name, event.currentTarget); },
            ondragstart: (event) => { event.dataTransfer.setData("text/x-column", name); event.dataTransfer.effectAllowed = "move"; this.dragged = name; },
            ondragover: (event) => this.#over(event, name), ondragleave: (event) => unmark(event.currentTarget),
            ondrop: (event) => this.#drop(event, name), ondragend: () => { this.dragged = undefined; },
        },
        h("span.group", {}, group),
        h("button", {
            "aria-label": `${group} ${label}: sort`, "aria-haspopup": "menu", title: `${name}\nClick: sort. Shift: add to the sort. Alt+↓: more.`,
            onclick: (event) => this.#order(name, event.shiftKey, event.currentTarget),
            onkeydown: (event) => this.#key(event, name, width),
        }, label),
        h("button.more", {
            tabindex: "-1", "aria-label": `More about ${group} ${label}`, title: "More", "aria-haspopup": "menu", onclick: (event) => this.#menu(name, event.currentTarget),
        }, "⋮"),
        h("span.grip", { "aria-hidden": "true", onpointerdown: (event) => this.#resize(event, name), ondblclick: () => this.setWidth(name, undefined) }));
        return { key: name, head, width, sort, label: name };
    }

    #widths() {
        return new Map(parseList(this.view.state.widths).map((part) => {
            const at = part.lastIndexOf(":");
            return [part.slice(0, at), Math.min(widest, Math.max(narrowest, Number(part.slice(at + 1)) || 100))];
        }));
    }

    setWidth(name, width) {
        const widths = this.#widths();
        if (width === undefined) widths.delete(name);
        else widths.set(name, Math.round(Math.min(widest, Math.max(narrowest, width))));
        this.view.set({ widths: [...widths].map(([key, value]) => key.includes(",") ? `\`${key}:${value}\`` : `${key}:${value}`).join(",") }, {});
    }

    #order(name, isAdded, anchor) {
        if (name === "sparkline") return this.#menu(name, anchor);
        if (name in made) return;
        const before = this.view.order.find((key) => key.name === name);
        // Results are sorted descending first, then ascending, then not at all.
        const first = !/^(run|flag_|property_|min_|status)/.test(name) && !/loss|error/.test(name);
        const next = !before ? { name, descending: first } : before.descending === first ? { name, descending: !first } : null;
        const others = isAdded ? this.view.order.filter((key) => key.name !== name) : [];
        this.view.setOrder([...others, ...(next ? [next] : [])]);
    }

    #key(event, name, width) {
        if (event.altKey && event.key === "ArrowDown") this.#menu(name, event.currentTarget);
        else if (event.altKey && (event.key === "ArrowLeft" || event.key === "ArrowRight")) this.move(name, event.key === "ArrowLeft" ? -1 : 1);
        else if (event.shiftKey && (event.key === "ArrowLeft" || event.key === "ArrowRight")) this.setWidth(name, width + (event.key === "ArrowLeft" ? -16 : 16));
        else return;
        event.preventDefault();
        const again = [...document.querySelectorAll("th")].find((cell) => cell.dataset.column === name);
        again?.querySelector("button")?.focus();
    }

    #menu(name, anchor) { columnMenu(this.view, this, name, anchor); }

    /** Moves a column by `by` places. */
    move(name, by) {
        const names = [...this.view.columns];
        const from = names.indexOf(name);
        const to = Math.max(0, Math.min(names.length - 1, from + by));
        names.splice(to, 0, ...names.splice(from, 1));
        this.view.setColumns(names);
    }

    #over(event, name) {
        if (this.dragged === undefined || this.dragged === name) return;
        event.preventDefault();
        const cell = event.currentTarget.closest("th");
        unmark(event.currentTarget);
        cell.classList.add(this.#isBefore(event) ? "dropBefore" : "dropAfter");
    }

    #isBefore(event) {
        const { left, width } = event.currentTarget.getBoundingClientRect();
        return event.clientX < left + width / 2;
    }

    #drop(event, name) {
        event.preventDefault();
        unmark(event.currentTarget);
        if (this.dragged === undefined || this.dragged === name) return;
        const names = this.view.columns.filter((column) => column !== this.dragged);
        names.splice(names.indexOf(name) + (this.#isBefore(event) ? 0 : 1), 0, this.dragged);
        this.view.setColumns(names);
    }

    #resize(event, name) {
        event.preventDefault();
        const grip = event.currentTarget;
        const head = grip.closest(".head");
        const [start, before] = [event.clientX, grip.closest("th").offsetWidth];
        const place = [...grip.closest("tr").children].indexOf(grip.closest("th"));
        const col = grip.closest("table").querySelectorAll("col")[place];
        grip.setPointerCapture(event.pointerId);
        grip.classList.add("held");
        head.draggable = false;
        const width = (move) => Math.min(widest, Math.max(narrowest, before + move.clientX - start));
        grip.onpointermove = (move) => { col.style.width = `${width(move)}px`; };
        grip.onpointerup = (move) => {
            grip.onpointermove = grip.onpointerup = null;
            if (Math.abs(move.clientX - start) > 2) this.setWidth(name, width(move));
            else { grip.classList.remove("held"); head.draggable = true; }
        };
    }
}

function unmark(head) { head.closest("th").classList.remove("dropBefore", "dropAfter"); }
