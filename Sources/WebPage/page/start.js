/**
 * Runs before the modules: sets the chosen theme before the first paint, and preloads all files of the view in the
 * address. (Otherwise the browser finds a module only when the one that imports it has arrived.)
 */
{
    const chart = ["panel", "chart", "colors", "data", "frames", "legend", "library", "paint", "sections", "series", "tools"].map((name) => `chart/${name}.js`);
    const all = (folder, names) => names.split(" ").map((name) => `${folder}/${name}`);
    /** @type {Record<string, string[]>} */
    const parts = {
        runs: [...all("runs", "view.js axes.js cells.js columnmenu.js columns.js csv.js data.js far.js filters.js groups.js handles.js heads.js "
            + "plots.js popover.js selection.js sparks.js table.js toolbar.js welcome.js where.js runs.css"), "chart/colors.js"],
        run: [...all("run", "view.js editable.js error.js head.js summary.js run.css"), ...chart, "chart/chart.css"],
        compare: [...all("compare", "view.js chips.js diff.js source.js values.js compare.css"), ...chart, "chart/chart.css"],
        server: all("server", "view.js prometheus.js server.css"),
    };
    const common = ["address.js", "dom.js", "format.js", "live.js", "api.js", "confirm.js"];
    const base = /** @type {HTMLScriptElement} */ (document.currentScript).src;
    const words = location.hash.replace(/^#\/?/, "").split(/[/?]/);
    // As `fromMLflow` in address.js.
    const view = words[0] === "experiments" ? (words[2] === "runs" ? "run" : "runs") : words[0];
    for (const name of [...common, ...Object.hasOwn(parts, view || "runs") ? parts[view || "runs"] : []]) {
        const link = document.createElement("link");
        link.rel = name.endsWith(".js") ? "modulepreload" : "preload";
        if (link.rel === "preload") link.as = "style";
        link.href = new URL(name, base).href;
        document.head.append(link);
    }
    try {
        const theme = localStorage.getItem("theme") ?? "";
        if (["light", "dark"].includes(theme)) document.documentElement.dataset.theme = theme;
    } catch { /* Storage is disabled. */ }
}
