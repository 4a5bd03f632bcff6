/** The console output of a run, followed live. */
import { at, request } from "../api.js";
import { h } from "../dom.js";
import { bytesText } from "../format.js";
import { Console, lineOf } from "../ansi.js";

/** The most lines that are shown: the last ones. */
const most = 5000;
/** The most bytes of the first read. */
const tail = 1_000_000;

/** @param {{ id: string }} view */
export function open({ id }) {
    const path = `runs/${at(id)}/output`;
    const lines = h("div.output-lines", {});
    const box = h("div.output", { tabindex: "0", role: "log", "aria-label": "Console output", onscroll: () => {
        isFollowing = box.scrollTop + box.clientHeight > box.scrollHeight - 24;
        below.hidden = isFollowing;
    } }, lines);
    const below = h("button.output-below", { hidden: true, onclick: () => { isFollowing = true; scroll(); } }, "↓ Follow");
    const note = h("span.dim", { role: "status" });
    let isFollowing = true, isReading = false, isStale = false, isEnded = false;
    let position = 0, shown = 0, screen = new Console(), decoder = new TextDecoder();

    function scroll() {
        if (isFollowing) box.scrollTop = box.scrollHeight;
    }

    /** Shows the lines from index `from` on. */
    function draw(from) {
        const all = screen.lines;
        const first = Math.max(0, all.length - most);
        while (shown > from && lines.lastChild) { lines.lastChild.remove(); shown--; }
        const begin = Math.max(shown, first);
        if (begin > shown) lines.replaceChildren();
        const isOpen = all.at(-1).length === 0;
        for (let i = begin; i < all.length; i++) lines.append(h("div", {}, i === all.length - 1 && isOpen ? "" : lineOf(all[i])));
        while (lines.childElementCount > most) lines.firstChild.remove();
        shown = all.length;
        if (all.length > most * 2) {
            screen.lines = all.slice(-most);
            shown = screen.lines.length;
        }
    }

    async function read() {
        isStale = true;
        if (isReading) return;
        isReading = true;
        try {
            while (isStale && !isEnded) {
                isStale = false;
                if (position === 0) await skip();
                const response = await request(`${path}?after=${position}`);
                const bytes = new Uint8Array(await response.arrayBuffer());
                const length = Number(response.headers.get("Output-Length"));
                if (length < position) {
                    // It was removed or replaced.
                    position = 0; shown = 0; screen = new Console(); decoder = new TextDecoder();
                    lines.replaceChildren();
                    isStale = true;
                    continue;
                }
                position += bytes.length;
                if (bytes.length > 0) draw(screen.write(decoder.decode(bytes, { stream: true })));
                note.textContent = position === 0 ? "No output yet." : bytesText(length);
                box.hidden = position === 0;
                scroll();
                if (bytes.length > 0) await new Promise((done) => setTimeout(done, 150));
            }
        } catch (problem) {
            note.textContent = problem.message;
        } finally {
            isReading = false;
        }
    }

    /** Starts near the end of long output. */
    async function skip() {
        const response = await request(path, { method: "HEAD" });
        const length = Number(response.headers.get("Output-Length"));
        if (length <= tail) return;
        position = length - tail;
        screen.write(`… ${bytesText(position)} before this: see “Full output”.\n`);
    }

    read();
    return {
        element: h("section", {}, h("div.bar", {}, note, h("div.space", {}),
            h("a.button", { href: path, target: "_blank", rel: "noopener" }, "Full output")), h("div.output-box", {}, box, below)),
        event: (event) => { if (event.type === "output" || event.type === "reset") read(); },
        update: () => requestAnimationFrame(scroll),
        end: () => { isEnded = true; },
    };
}
