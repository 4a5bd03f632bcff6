/** Reading comma-separated values (RFC 4180). */

/** @param {string} text @param {string} [separator] guessed from the first line by default @returns {string[][]} */
export function readTable(text, separator = /^[^\n]*;/.test(text) && !/^[^\n]*,/.test(text) ? ";" : ",") {
    const rows = [];
    let row = [], cell = "", isQuoted = false;
    for (let i = text.charCodeAt(0) === 0xfeff ? 1 : 0; i < text.length; i++) {
        const character = text[i];
        if (isQuoted) {
            if (character !== "\"") cell += character;
            else if (text[i + 1] === "\"") { cell += "\""; i++; }
            else isQuoted = false;
        } else if (character === "\"" && cell === "") isQuoted = true;
        else if (character === separator) { row.push(cell); cell = ""; }
        else if (character === "\n" || character === "\r") {
            if (character === "\r" && text[i + 1] === "\n") i++;
            row.push(cell);
            rows.push(row);
            [row, cell] = [[], ""];
        } else cell += character;
    }
    if (cell !== "" || row.length > 0) rows.push([...row, cell]);
    return rows;
}
