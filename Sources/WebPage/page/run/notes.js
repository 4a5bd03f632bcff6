/** A run's notes, which are its property `notes`. */
import { at, send } from "../api.js";
import { attempt, toast } from "../confirm.js";
import { fill, h } from "../dom.js";

/** @param {string} id */
export function notes(id) {
    let text = "";
    let isEdited = false;
    const element = h("section.notes", { "aria-label": "Notes" });

    async function save(value) {
        const before = text;
        // An empty property cannot be told from none: it is removed.
        const stored = async (value) => {
            await send("PATCH", `runs/${at(id)}/metadata/properties`, { notes: value === "" ? null : value });
            text = value;
            read();
        };
        const done = await attempt(async () => { await stored(value); return true; });
        if (done) toast("The notes are stored.", { undo: () => stored(before) });
    }

    function read() {
        isEdited = false;
        fill(element, h("button.notes-text", { title: "Edit the notes", onclick: edit, class: text === "" ? "notes-text dim" : "notes-text" },
            text === "" ? "Add notes…" : text));
    }

    function edit() {
        isEdited = true;
        const area = /** @type {HTMLTextAreaElement} */ (h("textarea", {
            "aria-label": "Notes", rows: Math.min(Math.max(text.split("\n").length + 1, 4), 16),
            onkeydown: (event) => {
                if (event.key === "Escape") read();
                if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) store();
            },
        }));
        area.value = text;
        const store = () => (area.value === text ? read() : save(area.value));
        fill(element, area, h("div.notes-actions", {}, h("button.first", { onclick: store, title: "Ctrl+Enter" }, "Save"),
            h("button", { onclick: read }, "Cancel")));
        area.focus();
    }

    read();
    return {
        element,
        /** Shows notes that were read, unless they are being edited. */
        show(value) {
            if (isEdited || value === text) return;
            text = value;
            read();
        },
    };
}
