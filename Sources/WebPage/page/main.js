/** The frame of the page: which view is shown, by the address. */
import { address } from "./address.js";
import { fill, h } from "./dom.js";

/**
 * A view is a module with `show(main, address)`, which fills the element and returns a function that ends the view: closes
 * its connections, timers and listeners. It is loaded when it is first shown.
 * @type {Record<string, () => Promise<{ show: (main: HTMLElement, address: any) => (() => void) | void }>>}
 */
const views = {
    runs: () => import("./runs/view.js"),
    run: () => import("./run/view.js"),
    compare: () => import("./compare/view.js"),
    server: () => import("./server/view.js"),
};

let end = () => {};
let shown = 0;

async function show() {
    const now = address();
    const number = ++shown;
    const main = document.querySelector("main");
    const load = views[now.view];
    end();
    end = () => {};
    if (!load) return fill(main, h("p", {}, "There is nothing at this address. ", h("a", { href: "#/" }, "See the runs.")));
    const view = await load();
    if (number !== shown) return;
    main.replaceChildren();
    end = view.show(main, now) ?? (() => {});
    document.title = now.path.length === 0 ? "Rundir" : `${now.path[0]} – Rundir`;
}

document.body.append(
    h("header", {}, h("a.home", { href: "#/" }, "Rundir"), h("nav", { "aria-label": "Views" },
        h("a", { href: "#/" }, "Runs"), h("a", { href: "#/server" }, "Server"))),
    h("main", { id: "main", tabindex: "-1" }));
addEventListener("hashchange", show);
addEventListener("popstate", show);
show();
