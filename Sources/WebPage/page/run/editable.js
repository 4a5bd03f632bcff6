/** Properties of a run that can be edited here: `notes` and `tags`. */
import { at, send } from "../api.js";
import { attempt, toast } from "../confirm.js";
import { fill, h } from "../dom.js";

/**
 * @param {string} id the run's
 * @param {{ name: string, title: string, isLong?: boolean, show?: (text: string) => any }} property
 */
export function editable(id, { name, title, isLong = false, show = (text) => text }) {
    let text = "";
    let isEdited = false;
    const element = h("section.editable", { "aria-label": title });

    async function store(value) {
        // An empty property is like none, so it is removed.
        await send("PATCH", `runs/${at(id)}/metadata/properties`, { [name]: value === "" ? null : value });
        text = value;
        read();
    }

    async function save(value) {
        const before = text;
        const isDone = await attempt(async () => { await store(value); return true; });
        if (isDone) toast(`The ${name} are stored.`, { undo: () => store(before) });
    }

    function read() {
        isEdited = false;
        fill(element, h("button", {
            class: text === "" ? "editable-text dim" : "editable-text", title: `Edit the ${name}`, onclick: edit,
        }, text === "" ? `Add ${name}…` : show(text)));
    }

    function edit() {
        isEdited = true;
        const field = h(isLong ? "textarea" : "input", {
            "aria-label": title, rows: isLong ? Math.min(Math.max(text.split("\n").length + 1, 4), 16) : null,
            onkeydown: (event) => {
                if (event.key === "Escape") end();
                if (event.key === "Enter" && (!isLong || event.ctrlKey || event.metaKey)) done();
            },
        });
        const end = () => { read(); element.querySelector("button").focus(); };
        const done = () => (field.value === text ? end() : save(field.value));
        field.value = text;
        fill(element, field, h("div.editable-actions", {},
            h("button.first", { onclick: done, title: isLong ? "Ctrl+Enter" : "Enter" }, "Save"), h("button", { onclick: end }, "Cancel")));
        field.focus();
    }

    read();
    return {
        element,
        /** Shows a value that was read, unless another is being stored. @param {string} value */
        show(value) {
            if (isEdited || value === text) return;
            text = value;
            read();
        },
    };
}
