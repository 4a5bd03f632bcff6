/** The head of a run: its name, status, times and actions. */
import { at, send } from "../api.js";
import { link } from "../address.js";
import { ask, attempt, toast } from "../confirm.js";
import { h } from "../dom.js";
import { duration, time } from "../format.js";

/** @param {any} run as `GET /runs/{id}` has it @param {() => any} reload */
export function head(run, reload) {
    const end = run.end ?? (run.status === "running" ? Date.now() / 1000 : run.updated);
    const facts = [
        run.start !== undefined && h("span", {}, "Started ", time(run.start)),
        run.end !== undefined && h("span", {}, "ended ", time(run.end)),
        run.start !== undefined && end > run.start && h("span", {}, run.end === undefined ? "for " : "took ", duration(end - run.start)),
        run.script && h("span.mono", { title: "script" }, run.script),
        run.context && h("span", { title: "context" }, run.context),
    ].filter(Boolean);
    return [
        h("div.run-title", {}, h("h1", {}, run.run), h("span", { class: `status ${run.status}` }, run.status),
            h("div.run-actions", {}, actions(run, reload))),
        h("p.run-facts.dim", {}, facts),
    ];
}

function actions(run, reload) {
    const path = `runs/${at(run.run)}`;
    const post = (what, value) => send("POST", `${path}/${what}`, value);
    const does = (text, undo, ...steps) => attempt(async () => {
        for (const step of steps) await step();
        await reload();
        toast(text, undo ? { undo: async () => { await undo(); await reload(); } } : {});
    });
    const isEnded = ["completed", "stopped", "failed"].includes(run.status);
    const isArchived = run.status === "archived";
    const resume = async () => {
        const question = { title: "Resume the run?", action: "Resume",
            detail: run.status === "failed" ? "It counts as running again. Its error is kept as an earlier one." : "It counts as running again." };
        if (await ask(question)) does("The run goes on.", null, () => post("resume"));
    };
    const remove = async () => {
        const question = { title: "Delete the run?", action: "Delete", danger: true,
            detail: `${run.run} and all its files are removed. This cannot be undone.` };
        if (!await ask(question)) return;
        await attempt(async () => {
            await send("DELETE", `${path}?force=true`);
            location.hash = link(["runs"]);
            toast(`${run.run} is deleted.`);
        });
    };
    return [
        h("a.button", { href: `${path}/bundle.tar.gz`, download: "" }, "Download"),
        !isEnded && !isArchived && run.status !== "pending" && h("button", {
            onclick: () => does("The run is completed.", () => post("resume"), () => post("complete")) }, "Complete"),
        isEnded && h("button", { onclick: resume }, "Resume"),
        isArchived ? h("button", { onclick: () => does("The run is restored.", () => post("archive"), () => post("restore")) }, "Restore")
            : run.status !== "pending" && h("button", {
                onclick: () => does("The run is archived.", () => post("restore"), () => post("archive")) }, "Archive"),
        h("button.danger", { onclick: remove }, "Delete"),
    ];
}
