/** The runs of a query, page by page, kept up to date by events. */
import { json, query as queryText } from "../api.js";
import { compareValues, needed, parseOrder, textLiteral, valueOf } from "./columns.js";
import { FarRows } from "./far.js";

/** Rows of a page. The first page is small, so that something is shown at once. */
const [firstRows, pageRows] = [100, 1000];
/** Milliseconds for which events are collected before their runs are read. */
const gathering = 400;

/** @typedef {{ where?: string, order?: string, archived?: string, columns: string[] }} RunQuery */

export class RunList {
    /** @type {Record<string, any>[]} the runs that were read so far, in order */
    rows = [];
    /** The number of all matching runs. */
    count = 0;
    isComplete = false;
    /** @type {Error | null} why runs cannot be read */
    problem = null;

    #next = "";
    /** @type {Promise<void> | null} */
    #reading = null;
    #generation = 0;
    /** @type {Set<string>} */
    #touched = new Set();
    #timer = 0;
    #isEnded = false;
    #far = new FarRows(async (offset, limit) => (await json(`runs${this.#parameters({ offset, limit })}`)).runs,
        () => { if (!this.#isEnded) this.changed(); });

    /** @param {RunQuery} query @param {() => void} changed is called when the rows have changed */
    constructor(query, changed) {
        this.query = query;
        this.changed = changed;
        this.keys = parseOrder(query.order);
    }

    /** The run of a row; `undefined` if it has not been read. */
    at(index) { return this.rows[index] ?? this.#far.at(index); }

    /** Reads the rows from `first` to `last`: with all before them, or alone if those are very many. */
    look(first, last) {
        if (last <= this.rows.length) return;
        if (first < this.rows.length + pageRows) this.ensure(last);
        else this.#far.show(first, last);
    }

    /** Reads until there are `count` rows, or no more. */
    async ensure(count) {
        while (!this.#isEnded && !this.isComplete && !this.problem && this.rows.length < count) await this.#page();
    }

    /** Reads everything again; the present rows stay until the first page has arrived. */
    async reload() {
        const loaded = this.rows.length;
        this.#generation++;
        this.#next = "";
        this.isComplete = false;
        this.problem = null;
        this.#reading = null;
        this.#far.clear();
        await this.#page(true);
        await this.ensure(Math.min(loaded, 5 * pageRows));
    }

    end() {
        this.#isEnded = true;
        clearTimeout(this.#timer);
    }

    #parameters(more) {
        const { where, order, archived, columns } = this.query;
        return queryText({ where, order, archived, columns: needed(columns), ...more });
    }

    #page(isFirst = this.rows.length === 0) {
        if (this.#reading) return this.#reading;
        const generation = this.#generation;
        const read = async () => {
            try {
                const limit = isFirst ? firstRows : pageRows;
                const page = await json(`runs${this.#parameters({ limit, cursor: isFirst ? undefined : this.#next })}`);
                if (generation !== this.#generation || this.#isEnded) return;
                if (isFirst) this.rows = page.runs;
                else {
                    const known = new Set(this.rows.slice(-pageRows).map((run) => run.run));
                    for (const run of page.runs) if (!known.has(run.run)) this.rows.push(run);
                }
                this.count = page.count;
                this.#next = page.next ?? "";
                this.isComplete = page.next === undefined;
            } catch (error) {
                if (generation !== this.#generation || this.#isEnded) return;
                this.problem = error;
            }
            this.#reading = null;
            this.changed();
        };
        return this.#reading = read();
    }

    /** Notes that runs have changed, and reads them soon. */
    touch(run) {
        this.#touched.add(run);
        this.#timer ||= setTimeout(() => this.#readTouched(), gathering);
    }

    async #readTouched() {
        const touched = [...this.#touched].slice(0, 500);
        for (const run of touched) this.#touched.delete(run);
        const generation = this.#generation;
        try {
            const chosen = `run %in% c(${touched.map(textLiteral).join(", ")})`;
            const where = this.query.where ? `(${this.query.where}) & ${chosen}` : chosen;
            const page = await json(`runs${this.#parameters({ where, limit: 1000 })}`);
            const all = await json(`runs${this.#parameters({ limit: 1, columns: "run" })}`);
            if (generation !== this.#generation || this.#isEnded) return;
            this.#merge(new Set(touched), page.runs);
            this.count = all.count;
            this.#far.renew();
            this.changed();
        } catch { /* The header shows it; events will come again. */ }
        this.#timer = 0;
        if (this.#touched.size > 0 && !this.#isEnded) this.#timer = setTimeout(() => this.#readTouched(), gathering);
    }

    /** Replaces runs by new versions, at their place in the order. */
    #merge(touched, found) {
        const rows = this.rows.filter((run) => !touched.has(run.run));
        for (const run of found) {
            let [low, high] = [0, rows.length];
            while (low < high) {
                const middle = (low + high) >> 1;
                if (this.#compare(rows[middle], run) <= 0) low = middle + 1;
                else high = middle;
            }
            // Runs after the last one that was read come with their page.
            if (low < rows.length || this.isComplete) rows.splice(low, 0, run);
        }
        this.rows = rows;
    }

    #compare(one, other) {
        for (const { name, descending } of this.keys) {
            const order = compareValues(valueOf(one, name), valueOf(other, name), descending);
            if (order !== 0) return order;
        }
        return other.start - one.start || (one.run < other.run ? 1 : one.run > other.run ? -1 : 0);
    }
}

/** All pages of a query. @param {Record<string, any>} parameters of `GET /runs` @param {number} most rows */
export async function allRuns(parameters, most = Infinity) {
    const runs = [];
    let cursor;
    do {
        const page = await json(`runs${queryText({ ...parameters, limit: pageRows, cursor })}`);
        runs.push(...page.runs);
        cursor = page.next;
    } while (cursor !== undefined && runs.length < most);
    return runs;
}
