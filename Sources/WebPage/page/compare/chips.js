/** The compared runs, with their colours; runs can be hidden, removed or added. */
import { link } from "../address.js";
import { json } from "../api.js";
import { attempt } from "../confirm.js";
import { fill, h } from "../dom.js";

/**
 * @param {{ id: string, color: string, hidden: boolean }[]} runs
 * @param {{ change: (runs: string[]) => void, toggle: () => void, hover: (id: string | null) => void }} does
 */
export function chips(runs, { change, toggle, hover }) {
    const ids = runs.map((run) => run.id);
    const swatches = [];
    const show = () => swatches.forEach((swatch, index) => swatch.setAttribute("aria-pressed", String(!runs[index].hidden)));
    const list = runs.map((run) => {
        const swatch = h("button.swatch", {
            title: "Hide or show its lines", "aria-label": `Lines of ${run.id}`, "aria-pressed": String(!run.hidden), style: { "--line-color": `var(${run.color})` },
            onclick: () => {
                run.hidden = !run.hidden;
                toggle();
                show();
            },
        });
        swatches.push(swatch);
        return h("li.run-chip", { onmouseenter: () => hover(run.id), onmouseleave: () => hover(null) }, swatch,
            h("a", { href: link(["run", run.id]) }, run.id),
            h("button.plain", { "aria-label": `Remove ${run.id}`, onclick: () => change(ids.filter((id) => id !== run.id)) }, "×"));
    });
    const known = h("datalist", { id: "known-runs" });
    const input = h("input", {
        list: "known-runs", placeholder: "Add a run", "aria-label": "Add a run", autocomplete: "off",
        onfocus: () => attempt(async () => {
            if (known.childElementCount > 0) return;
            const page = await json("runs?limit=200&columns=run");
            fill(known, page.runs.filter(({ run }) => !ids.includes(run)).map(({ run }) => h("option", { value: run })));
        }),
        onchange: () => { if (input.value.trim() !== "" && !ids.includes(input.value.trim())) change([...ids, input.value.trim()]); },
    });
    return { show, element: h("ul.run-chips", { "aria-label": "Runs" }, list, h("li", {}, input, known)) };
}
