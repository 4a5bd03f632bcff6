/** Rows far below those that were read in sequence: windows of rows, read by offset when they become visible. */

/** Rows of a window. */
const size = 200;
/** Windows that are read at once; while the table is dragged far, those in between are skipped. */
const together = 4;
/** Windows that are kept. */
const most = 20;

export class FarRows {
    /** @type {Map<number, Record<string, any>[]>} by their number; the one shown last is last */
    #windows = new Map();
    /** @type {Set<number>} those that are being read */
    #reading = new Set();
    #generation = 0;
    /** @type {number[]} numbers of those in sight */
    #inSight = [];

    /**
     * @param {(offset: number, limit: number) => Promise<Record<string, any>[]>} read
     * @param {() => void} changed is called when there is more to show
     */
    constructor(read, changed) {
        this.read = read;
        this.changed = changed;
    }

    /** The run of a row; `undefined` where it has not been read. */
    at(index) { return this.#windows.get(Math.floor(index / size))?.[index % size]; }

    /** Reads the rows from `first` to `last`, as far as they are not there. */
    show(first, last) {
        this.#inSight = [];
        for (let number = Math.floor(first / size); number * size < last; number++) {
            this.#inSight.push(number);
            const rows = this.#windows.get(number);
            if (!rows) this.#fill(number);
            else {
                this.#windows.delete(number);
                this.#windows.set(number, rows);
            }
        }
    }

    /** Runs were added, removed or changed: reads the visible ones again, and forgets the others. */
    renew() {
        if (this.#windows.size === 0) return;
        this.#generation++;
        this.#reading.clear();
        for (const number of [...this.#windows.keys()]) if (!this.#inSight.includes(number)) this.#windows.delete(number);
        for (const number of this.#inSight) this.#fill(number);
    }

    /** Forgets all. */
    clear() {
        this.#generation++;
        this.#windows.clear();
        this.#reading.clear();
    }

    async #fill(number) {
        if (this.#reading.has(number) || this.#reading.size >= together) return;
        this.#reading.add(number);
        const generation = this.#generation;
        try {
            const rows = await this.read(number * size, size);
            if (generation !== this.#generation) return;
            this.#windows.set(number, rows);
            for (const old of [...this.#windows.keys()].slice(0, -most)) this.#windows.delete(old);
            this.#reading.delete(number);
            this.changed();
        } catch {
            // The sign in the header shows it; the row is requested again when it is next shown.
            if (generation === this.#generation) this.#reading.delete(number);
        }
    }
}
