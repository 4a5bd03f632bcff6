/** Metadata of custom types. */
import { address, setState } from "../address.js";
import { at, request } from "../api.js";
import { fill, h } from "../dom.js";
import { bytes } from "../format.js";
import { fileAddress, viewer } from "./viewer.js";
import { value } from "./value.js";

/** @param {any} view */
export function open(view) {
    const element = h("section.custom", {});
    let shown = "";
    let timer;
    /** The open files, from the address; by default the last one of each type. */
    const named = address().state.docs;
    const wanted = named === undefined ? null : new Set(named.split("/,"));

    function noteFiles() {
        const all = [...element.querySelectorAll("details")];
        const isUsual = all.every((part) => part.open === (part.previousElementSibling === null));
        const open = all.filter((part) => part.open).map((part) => part.dataset.path);
        setState({ docs: isUsual ? "" : open.join("/,") || "/" });
    }

    async function load() {
        const cards = await Promise.all(view.custom.map(async (type) => {
            const content = await contentOf(type).catch((problem) => h("p.problem", {}, problem.message));
            return h("section.card", {}, h("h3", {}, type), content);
        }));
        fill(element, cards);
        shown = view.custom.join();
    }

    /** A document, or its files. */
    async function contentOf(type) {
        const path = `runs/${at(view.id)}/metadata/${at(type)}`;
        const response = await request(path);
        const kind = (response.headers.get("Content-Type") ?? "").split(";")[0];
        if (kind !== "application/json" && !kind.endsWith("+json")) {
            await response.body?.cancel();
            return h("a.button", { href: path, download: "" }, "Download");
        }
        const document = await response.json();
        const isList = document?.run === view.id && document.type === type && Array.isArray(document.files);
        return isList ? files(document.files) : value(document);
    }

    function files(list) {
        return h("div.custom-files", {}, list.slice(0, 100).reverse().map((file, index) => {
            const path = `tfruns.d/${file.path}`;
            const content = h("div", {});
            const isOpen = wanted ? wanted.has(path) : index === 0;
            const details = h("details", { open: isOpen, ontoggle: () => { noteFiles(); fillOnce(); }, "data-path": path },
                h("summary", {},
                h("span.mono", {}, file.path), " ", h("span.dim", {}, bytes(file.size)), " ",
                h("a", { href: fileAddress(view.id, path), download: "" }, "Download")), content);
            let isFilled = false;
            async function fillOnce() {
                if (isFilled || !details.open) return;
                isFilled = true;
                try { fill(content, await viewer(view.id, { ...file, path, type: await typeOf(path) })); } catch (problem) {
                    fill(content, h("p.problem", {}, problem.message));
                }
            }
            if (isOpen) fillOnce();
            return details;
        }));
    }

    async function typeOf(path) {
        const response = await request(fileAddress(view.id, path), { method: "HEAD" });
        return response.headers.get("Content-Type") ?? "application/octet-stream";
    }

    load();
    return {
        element, update: () => { if (shown !== view.custom.join()) load(); }, end: () => clearTimeout(timer),
        event: (event) => {
            if (event.type !== "metadata" && event.type !== "reset") return;
            clearTimeout(timer);
            timer = setTimeout(load, 500);
        },
    };
}
