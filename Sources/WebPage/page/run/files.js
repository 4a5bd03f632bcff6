/** The artifacts of a run. */
import { address, setState } from "../address.js";
import { at, atPath, json, query } from "../api.js";
import { fill, h } from "../dom.js";
import { bytes, time } from "../format.js";
import { fileAddress, viewer } from "./viewer.js";

/** @param {any} view */
export function open(view) {
    const list = h("nav.file-list", { "aria-label": "Files" });
    const content = h("div.file-content", {});
    const base = `runs/${at(view.id)}/files`;
    /** The open folders, from the address. */
    let opened = new Set();
    /** The file whose folders were opened. */
    let revealed = "";
    /** @type {Map<string, any[]>} */
    let folders = new Map();
    let wanted = "";
    let timer;

    /** Reads a folder, all of its pages. */
    async function read(path) {
        const files = [];
        let cursor;
        do {
            const page = await json(`${base}${path === "" ? "" : `/${atPath(path)}`}${query({ cursor })}`);
            files.push(...page.files);
            cursor = page.next;
        } while (cursor && files.length < 5000);
        folders.set(path, files);
    }

    async function load() {
        try {
            const { file = "", open = "" } = address().state;
            opened = new Set(open.split("/,").filter(Boolean));
            const above = file.split("/").slice(0, -1).map((_, i, parts) => parts.slice(0, i + 1).join("/"));
            if (file !== revealed) {
                revealed = file;
                for (const path of above) opened.add(path);
                keep();
            }
            folders = new Map();
            await read("");
            // A removed folder is not open.
            for (const path of [...new Set([...opened, ...above])].sort()) if (isFolder(path)) await read(path); else opened.delete(path);
            render();
        } catch (problem) {
            fill(list, h("p.problem", {}, problem.message));
        }
    }

    function isFolder(path) {
        const parent = path.split("/").slice(0, -1).join("/");
        return folders.get(parent)?.some((file) => file.path === path && file.type === "folder");
    }

    function render() {
        const all = folders.get("") ?? [];
        fill(list, all.length === 0 ? h("p.empty", {}, "No files yet.") : tree(all, 0));
        show();
    }

    function tree(files, depth) {
        const own = [...files].sort((a, b) => Number(a.path === "tfruns.d") - Number(b.path === "tfruns.d"));
        return own.map((file) => {
            const name = file.path.split("/").at(-1);
            const isFolder = file.type === "folder";
            const isOpen = opened.has(file.path);
            return [
                h("button", {
                    title: file.path, style: { "padding-left": `${8 + depth * 14}px` }, "aria-expanded": isFolder ? String(isOpen) : null,
                    "data-path": file.path, onclick: () => (isFolder ? toggle(file.path) : choose(file.path)),
                }, h("span.file-icon", { "aria-hidden": "true" }, isFolder ? (isOpen ? "▾" : "▸") : ""), h("span.file-name", {}, name),
                isFolder ? null : h("span.dim", {}, bytes(file.size))),
                isFolder && isOpen && folders.has(file.path) && tree(folders.get(file.path), depth + 1),
            ];
        });
    }

    async function toggle(path) {
        if (!opened.delete(path)) opened.add(path);
        keep();
        await load();
    }

    /** Puts the open folders into the address. No path has an empty part, so "/," separates them. */
    function keep() {
        setState({ open: [...opened].join("/,") });
    }

    function choose(path) {
        revealed = path;
        setState({ file: path }, { push: true });
        show();
    }

    async function show() {
        const path = address().state.file ?? "";
        for (const button of list.querySelectorAll("button")) {
            if (button.dataset.path === path) button.setAttribute("aria-current", "true");
            else button.removeAttribute("aria-current");
        }
        const file = folders.get(path.split("/").slice(0, -1).join("/"))?.find((one) => one.path === path);
        if (!file) {
            wanted = "";
            return fill(content, h("p.empty", {}, path === "" ? "Choose a file." : "There is no such file."));
        }
        const key = `${path} ${file.modified} ${file.size}`;
        if (wanted === key) return;
        wanted = key;
        let shown;
        try { shown = await viewer(view.id, file); } catch (problem) { shown = h("p.problem", {}, problem.message); }
        if (wanted !== key) return;
        fill(content, h("div.bar", {}, h("span.mono.file-path", {}, path), h("span.dim", {}, bytes(file.size), " · ", time(file.modified)),
            h("div.space", {}), h("a.button", { href: fileAddress(view.id, path), download: "" }, "Download")), shown);
    }

    load();
    return {
        element: h("section.files", {}, list, content), update: load, end: () => clearTimeout(timer),
        event: (event) => {
            if (!["artifact", "metadata", "reset"].includes(event.type)) return;
            clearTimeout(timer);
            timer = setTimeout(load, 300);
        },
    };
}
