/** Unified differences, as `diff -u` writes them, as rows of two sides. */

/**
 * @typedef {{ line: number, text: string, isChanged: boolean, other?: string }} Side `other`: the line that it replaces
 * @typedef {{ heading?: string, left?: Side, right?: Side }} Row
 */

/** @param {string} diff @param {number} most rows @returns {{ rows: Row[], isCut: boolean }} */
export function sides(diff, most) {
    /** @type {Row[]} */
    const rows = [];
    let left = 0, right = 0, removed = [], added = [];
    const flush = () => {
        for (let i = 0; i < Math.max(removed.length, added.length); i++) {
            const isPair = i < removed.length && i < added.length;
            rows.push({
                left: i < removed.length ? { line: left++, text: removed[i], isChanged: true, other: isPair ? added[i] : undefined } : undefined,
                right: i < added.length ? { line: right++, text: added[i], isChanged: true, other: isPair ? removed[i] : undefined } : undefined,
            });
        }
        removed = [];
        added = [];
    };
    let isInHunk = false;
    for (const line of diff.split("\n")) {
        if (rows.length > most) return { rows, isCut: true };
        const hunk = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@(.*)$/.exec(line);
        if (hunk) {
            flush();
            isInHunk = true;
            left = Number(hunk[1]);
            right = Number(hunk[2]);
            rows.push({ heading: `line ${left}${hunk[3]}` });
        } else if (!isInHunk) continue;
        else if (line.startsWith("-")) removed.push(line.slice(1));
        else if (line.startsWith("+")) added.push(line.slice(1));
        else if (line.startsWith(" ")) {
            flush();
            const text = line.slice(1);
            rows.push({ left: { line: left++, text, isChanged: false }, right: { line: right++, text, isChanged: false } });
        } else flush();
    }
    flush();
    return { rows, isCut: false };
}
