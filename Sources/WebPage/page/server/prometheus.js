/** Reading the server's metrics (`GET /metrics`, Prometheus' text format 0.0.4). */

/** @typedef {{ name: string, labels: Record<string, string>, value: number }} Sample */

/** @param {string} text @returns {Sample[]} */
export function parse(text) {
    const samples = [];
    for (const line of text.split("\n")) {
        const found = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
        if (!found) continue;
        /** @type {Record<string, string>} */
        const labels = {};
        for (const [, name, value] of (found[2] ?? "").matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) {
            labels[name] = value.replace(/\\(.)/g, (_, character) => character === "n" ? "\n" : character);
        }
        samples.push({ name: found[1], labels, value: Number(found[3].replace("Inf", "Infinity")) });
    }
    return samples;
}

/** The sum of the samples of a name whose labels match. */
export function total(samples, name, matches = (_labels) => true) {
    return samples.reduce((sum, sample) => sample.name === name && matches(sample.labels) ? sum + sample.value : sum, 0);
}

/** The value of a sample; `undefined` if there is none. */
export function value(samples, name) {
    return samples.find((sample) => sample.name === name)?.value;
}
