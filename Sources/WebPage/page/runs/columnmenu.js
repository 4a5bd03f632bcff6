/** Column menus: the actions on one column, and the choice of columns. */
import { h } from "../dom.js";
import { bestOf, describe, isNameable, listText, made, mainMetrics, quoted } from "./columns.js";
import { popover } from "./popover.js";

/** The actions on a column. */
export function columnMenu(view, heads, name, anchor) {
    const names = view.columns;
    const at = names.indexOf(name);
    const { group, label } = describe(name);
    const best = group === "metric" ? bestOf(label) : undefined;
    const isMade = name in made;
    const item = (text, action, isLeftOut) => !isLeftOut && h("button.item", { role: "menuitem", onclick: () => { close(); action(); } }, text);
    const close = popover(anchor, h("div", { role: "menu", "aria-label": `Column ${name}` },
        item("Sort ascending ↑", () => view.setOrder([{ name, descending: false }]), isMade),
        item("Sort descending ↓", () => view.setOrder([{ name, descending: true }]), isMade),
        ...(name === "sparkline" ? mainMetrics(view.known).slice(0, 40).map((metric) => item(`Show ${metric}`, () => view.set({ spark: metric }, {}), metric === view.sparkMetric)) : []),
        item("Group by it", () => view.set({ group: name, open: "" }), isMade || view.state.group === name),
        item(`Show best (${best})`, () => view.setColumns([...names.slice(0, at + 1), best, ...names.slice(at + 1)]), !best || names.includes(best)),
        item("Show as sparkline", () => view.set({ spark: label, columns: names.includes("sparkline") ? view.state.columns : listText([...names.slice(0, at + 1), "sparkline", ...names.slice(at + 1)]) }, {}), group !== "metric" && group !== "min" && group !== "max"),
        item("Only runs with a value", () => view.set({ where: [view.state.where && `(${view.state.where})`, `!is.na(${quoted(name)})`].filter(Boolean).join(" & ") }), isMade || !isNameable(name)),
        item("Move left", () => heads.move(name, -1), at === 0),
        item("Move right", () => heads.move(name, 1), at === names.length - 1),
        item(at < view.pinned ? "Unpin" : "Pin at the left", () => pin(view, name)),
        item("Reset width", () => heads.setWidth(name, undefined)),
        item("Hide", () => view.setColumns(names.filter((other) => other !== name), { pin: at < view.pinned ? view.pinned - 1 : view.state.pin }), name === "run")));
}

/** Pins a column after the pinned ones, or unpins it. */
export function pin(view, name) {
    const others = view.columns.filter((other) => other !== name);
    const at = view.columns.indexOf(name);
    const isPinned = at >= 0 && at < view.pinned;
    const pinned = isPinned ? view.pinned - 1 : view.pinned;
    view.setColumns([...others.slice(0, pinned), name, ...others.slice(pinned)], { pin: isPinned ? pinned : pinned + 1 });
}

/** The choice of columns. */
export function columnsMenu(view, anchor) {
    const list = h("div");
    const search = h("input", { type: "search", placeholder: "Find a column", "aria-label": "Find a column", oninput: () => show() });
    const toggle = (name, isShown) => {
        view.setColumns(isShown ? [...view.columns, name] : view.columns.filter((other) => other !== name));
        show();
    };
    const row = (name, isShown) => {
        const { group, label } = describe(name);
        const box = h("input", { type: "checkbox", checked: isShown, onchange: () => toggle(name, box.checked) });
        const isPinned = isShown && view.columns.indexOf(name) < view.pinned;
        const button = (text, title, action, more = {}) => h("button", { title, "aria-label": `${title}: ${name}`, onclick: () => { action(); show(); }, ...more }, text);
        return h("li", {}, h("label", { title: name }, box, h("span", {}, group && h("span.dim", {}, `${group} `), label)),
            isShown && [button("↑", "Move left", () => view.heads.move(name, -1)), button("↓", "Move right", () => view.heads.move(name, 1)),
                button("⇤", isPinned ? "Unpin" : "Pin at the left", () => pin(view, name), { "aria-pressed": String(isPinned) })]);
    };
    function show() {
        const wanted = search.value.toLowerCase();
        const matches = (name) => name.toLowerCase().includes(wanted);
        const shown = view.columns.filter(matches);
        const others = view.known.filter((name) => !view.columns.includes(name) && matches(name) && isNameable(name));
        list.replaceChildren(
            h("h3", {}, "Shown"), h("ul", {}, shown.map((name) => row(name, true))),
            h("h3", {}, "Others"), h("ul", {}, others.slice(0, 200).map((name) => row(name, false))),
            ...(others.length > 200 ? [h("p.dim", {}, `${others.length - 200} more: type a part of the name`)] : []));
    }
    show();
    popover(anchor, h("div.columns-menu", { "aria-label": "Columns" }, search, list,
        h("button.item", { onclick: () => { view.set({ columns: "", widths: "", pin: "" }, {}); show(); } }, "Reset columns")));
    search.focus();
}
