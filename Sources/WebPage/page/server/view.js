/** The view of the server: whether it accepts writes, its disk, its rates, and the types of metadata. */
import { link } from "../address.js";
import { json, Problem, request } from "../api.js";
import { fill, h, style, svg } from "../dom.js";
import { bytes, bytesText, durationText, numberText } from "../format.js";
import { subscribe } from "../live.js";
import { parse, total, value } from "./prometheus.js";

const styles = style(new URL("./server.css", import.meta.url));
/** Milliseconds between samples, and how many of them a sparkline shows. */
const [pause, kept] = [2000, 60];

/** The rates that are shown, per second. */
const rates = [
    { title: "Requests a second", of: (now) => total(now, "rundir_http_requests_total"), text: perSecond },
    { title: "Writes a second", of: (now) => total(now, "rundir_journal_batch_writes_sum"), text: perSecond },
    { title: "Disk syncs per second", of: (now) => total(now, "rundir_journal_sync_seconds_count"), text: perSecond },
    { title: "Events a second", of: (now) => total(now, "rundir_events_total"), text: perSecond },
    { title: "Received a second", of: (now) => total(now, "rundir_http_request_body_bytes_total"), text: bytesText },
    { title: "Sent a second", of: (now) => total(now, "rundir_http_response_body_bytes_total"), text: bytesText },
];

export function show(main) {
    const view = new ServerView();
    main.append(view.element);
    view.begin();
    // For the state of the connection in the header.
    const unsubscribe = subscribe(() => {});
    return () => { unsubscribe(); view.end(); };
}

class ServerView {
    #timer = 0;
    #isEnded = false;
    /** @type {{ at: number, samples: import("./prometheus.js").Sample[] } | null} */
    #last = null;
    /** @type {number[][]} the last values of each rate */
    #history = rates.map(() => []);

    constructor() {
        this.version = h("span.dim");
        this.ready = h("section", { "aria-label": "Readiness" });
        this.state = h("div.cards");
        this.rates = h("div.cards");
        this.types = h("div.table", { tabindex: "0", role: "region", "aria-label": "Types of metadata" });
        this.element = h("div.server", {},
            h("header", {}, h("h1", {}, "Server"), this.version), this.ready,
            h("section", {}, h("h2", {}, "State"), this.state),
            h("section", {}, h("h2", {}, "Rates"), this.rates),
            h("section", {}, h("h2", {}, "Types of metadata"), this.types),
            h("section", {}, h("h2", {}, "More"), h("p", {},
                h("a", { href: "openapi.yaml" }, "The API"), " · ", h("a", { href: "metrics" }, "Prometheus metrics"), " · ",
                h("a", { href: "problems" }, "Error types"), " · ",
                h("a", { href: new URL("../lib/dygraph.txt", import.meta.url).href }, "dygraphs licence"), " · ",
                h("a", { href: new URL("../lib/highlight.txt", import.meta.url).href }, "highlight.js licence"))));
    }

    async begin() {
        await styles;
        this.#look();
        try {
            const [version, { types }] = await Promise.all([json("version"), json("types")]);
            this.version.textContent = `Rundir ${version.version} · libmicrohttpd ${version.libmicrohttpd} · ${new URL(".", document.baseURI).href}`;
            fill(this.types, h("table", {}, h("thead", {}, h("tr", {}, ["Type", "Description", "Accepts", "Methods"].map((text) => h("th", { scope: "col" }, text)), h("th.number", { scope: "col" }, "Limit"))),
                h("tbody", {}, types.map((type) => h("tr", {}, h("th", { scope: "row" }, h("code", {}, type.type)), h("td.text", {}, type.description),
                    h("td.dim", {}, type.accepts.slice(0, 4).join(", "), type.accepts.length > 4 && h("span", { title: type.accepts.join("\n") }, `, and ${type.accepts.length - 4} more`)),
                    h("td.dim", {}, type.methods.join(" ")), h("td.number", {}, bytes(type.limit)))))));
        } catch (error) { fill(this.types, h("p.problem", {}, reason(error))); }
    }

    end() {
        this.#isEnded = true;
        clearTimeout(this.#timer);
    }

    async #look() {
        const [ready, numbers] = await Promise.allSettled([json("ready"), request("metrics").then((reply) => reply.text())]);
        if (this.#isEnded) return;
        this.#showReadiness(ready);
        if (numbers.status === "fulfilled") this.#showNumbers(parse(numbers.value));
        else if (!this.#last) fill(this.state, h("p.problem", {}, reason(numbers.reason)));
        this.#timer = setTimeout(() => this.#look(), document.hidden ? 5 * pause : pause);
    }

    /** @param {any} settled the settled promise of the request */
    #showReadiness({ status, value: found, reason: error }) {
        const list = (entries) => h("ul.reasons", {}, entries.map(([name, detail]) => h("li", {}, h("code", {}, name), ": ", detail)));
        if (status === "fulfilled") {
            const warnings = Object.entries(found.warnings ?? {});
            return fill(this.ready, h("div", {}, h("span.status.completed", {}, "Accepts writes")), warnings.length > 0 && h("div.problem", {}, list(warnings)));
        }
        const reasons = error instanceof Problem ? (error.document.reasons ?? []).map((one) => typeof one === "string" ? [one, ""] : [one.name ?? "", one.detail ?? ""]) : [];
        fill(this.ready, h("div", {}, h("span.status.failed", {}, "Accepts no writes")), h("div.problem", {}, reasons.length > 0 ? list(reasons) : reason(error)));
    }

    #showNumbers(samples) {
        const now = { at: performance.now(), samples };
        const card = (title, text, ...more) => h("div.card", {}, h("h3", {}, title), h("div.value", {}, text), more);
        const [free, size] = [value(samples, "rundir_disk_free_bytes"), value(samples, "rundir_disk_size_bytes")];
        const runs = samples.filter((sample) => sample.name === "rundir_runs" && sample.value > 0);
        const memory = value(samples, "process_resident_memory_bytes");
        fill(this.state,
            free !== undefined && card("Free on the disk", bytes(free), h("meter", { min: 0, max: size, value: size - free, low: size * 0.8, high: size * 0.95, optimum: 0, "aria-label": "How full the disk is" }), h("span.dim", {}, `${Math.round((size - free) / size * 100)} % of ${bytesText(size)} used`)),
            card("Runs", total(samples, "rundir_runs").toLocaleString("en"), h("div", {}, runs.map(({ labels, value: count }) => [
                h("a", { href: link(["runs"], { where: `status == "${labels.status}"`, archived: labels.status === "archived" ? "true" : "" }) }, h(`span.status.${labels.status}`, {}, `${count} ${labels.status}`)), " "]))),
            memory !== undefined && card("Memory", bytes(memory), h("span.dim", {}, `${value(samples, "process_open_fds") ?? "?"} files open`)),
            card("Event clients", String(value(samples, "rundir_event_readers") ?? 0), h("span.dim", {}, `${value(samples, "rundir_writers_running") ?? 0} writers running, ${value(samples, "rundir_writers_waiting") ?? 0} waiting`)),
            card("Disk sync, mean", meanTime(samples, "rundir_journal_sync_seconds")),
            card("Reply, mean", meanTime(samples, "rundir_http_request_duration_seconds")));
        if (this.#last) {
            const seconds = (now.at - this.#last.at) / 1000;
            rates.forEach((rate, index) => {
                const history = this.#history[index];
                history.push(Math.max(0, rate.of(samples) - rate.of(this.#last.samples)) / seconds);
                if (history.length > kept) history.shift();
            });
        }
        this.#last = now;
        fill(this.rates, rates.map((rate, index) => card(rate.title, this.#history[index].length > 0 ? rate.text(Math.round(this.#history[index].at(-1) * 10) / 10) : "…", line(this.#history[index]))));
    }
}

function line(history) {
    const most = Math.max(1, ...history);
    const path = history.map((rate, index) => `${index === 0 ? "M" : "L"}${(kept - history.length + index) / (kept - 1) * 100} ${(32 - rate / most * 30).toFixed(2)}`).join("");
    return svg("svg", { viewBox: "0 0 100 34", preserveAspectRatio: "none", "aria-hidden": "true" }, svg("path", { d: path || "M0 32" }));
}

function meanTime(samples, name) {
    const count = total(samples, `${name}_count`);
    return count > 0 ? seconds(total(samples, `${name}_sum`) / count) : "…";
}

const seconds = (time) => time < 0.1 ? `${numberText(time * 1000, 2)} ms` : durationText(time);
function perSecond(rate) { return numberText(rate, 4); }
const reason = (error) => error instanceof TypeError ? "The server cannot be reached." : error.message;
