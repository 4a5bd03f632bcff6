/** Does work in animation frames, for a limited time in each, so that scrolling stays smooth. */
const budget = 10;

/** @template Item */
export class Frames {
    /** @param {(item: Item) => void} work @param {() => Promise<any>} ready awaited before the first item */
    constructor(work, ready) {
        this.work = work;
        this.ready = ready;
        /** @type {Set<Item>} */
        this.items = new Set();
        this.isPlanned = false;
        this.isReady = false;
    }

    /** Adds an item, unless it is already waiting. @param {Item} item */
    add(item) {
        this.items.add(item);
        if (!this.isPlanned) this.plan();
    }

    plan() {
        this.isPlanned = true;
        requestAnimationFrame(() => this.run().finally(() => {
            this.isPlanned = false;
            if (this.isReady && this.items.size > 0) this.plan();
        }));
    }

    async run() {
        this.isReady = false;
        await this.ready();
        this.isReady = true;
        const start = performance.now();
        for (const item of this.items) {
            this.items.delete(item);
            this.work(item);
            if (performance.now() - start > budget) break;
        }
    }
}
