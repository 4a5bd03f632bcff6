/** The source files of a run. */
import { address, setState } from "../address.js";
import { at, request } from "../api.js";
import { fill, h } from "../dom.js";
import { bytesText } from "../format.js";
import { readTarGzip } from "../tar.js";
import { code } from "./code.js";
import { isText } from "./viewer.js";

const most = 50_000_000;

/** @param {any} view */
export function open(view) {
    const list = h("nav.file-list", { "aria-label": "Source files" });
    const content = h("div.file-content", {});
    const element = h("section.files", {}, list, content);
    const path = `runs/${at(view.id)}/metadata/source`;
    /** @type {import("../tar.js").TarFile[]} */
    let files = [];

    async function load() {
        if (!view.types.includes("source")) return fill(element, h("p.empty", {}, "The run has no source."));
        try {
            const read = await readTarGzip(await request(path), most);
            files = read.files.map((file) => ({ ...file, path: file.path.replace(/^(\.\/)?source\//, "") }))
                .sort((a, b) => a.path.localeCompare(b.path, undefined, { numeric: true }));
            fill(element, list, content);
            fill(list, files.map((file) => h("button", {
                title: `${file.path}, ${bytesText(file.size)}`, onclick: () => { setState({ file: file.path }, { push: true }); show(); },
            }, file.path)), read.isCut && h("p.dim", {}, "The rest is too large to be shown here."),
            h("a.button", { href: path, download: "source.tar.gz" }, "Download"));
            show();
        } catch (problem) {
            fill(element, h("p.problem", {}, problem.message));
        }
    }

    function show() {
        const wanted = address().state.file;
        const file = files.find((one) => one.path === wanted) ?? files.find((one) => one.path === view.run.script) ?? files[0];
        [...list.querySelectorAll("button")].forEach((button, index) => {
            if (files[index] === file) button.setAttribute("aria-current", "true");
            else button.removeAttribute("aria-current");
        });
        if (!file) return fill(content, h("p.empty", {}, "The source is empty."));
        fill(content, isText(file.bytes) ? code(new TextDecoder().decode(file.bytes), file.path)
            : h("p.empty", {}, `${file.path} is not a text file (${bytesText(file.size)}).`));
    }

    load();
    return { element, update: show, event: (event) => { if (event.type === "source" || event.type === "reset") load(); } };
}
