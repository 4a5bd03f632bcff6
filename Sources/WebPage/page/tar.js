/** Reading a tar (POSIX ustar, pax and GNU long names), packed by gzip. */

/**
 * @typedef {{ path: string, size: number, bytes: Uint8Array }} TarFile
 */

/**
 * The files of a tar.gz.
 * @param {Response} response
 * @param {number} most unpacked bytes to read; the rest is not read
 * @returns {Promise<{ files: TarFile[], isCut: boolean }>}
 */
export async function readTarGzip(response, most) {
    const reader = response.body.pipeThrough(new (/** @type {any} */ (globalThis).DecompressionStream)("gzip")).getReader();
    const parts = [];
    let length = 0, isCut = false;
    for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        parts.push(value);
        length += value.length;
        if (length > most) {
            isCut = true;
            await reader.cancel();
            break;
        }
    }
    const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
    return { files: readTar(bytes), isCut };
}

/** The regular files of a tar. A truncated last file is left out. @param {Uint8Array} bytes @returns {TarFile[]} */
export function readTar(bytes) {
    const files = [];
    let at = 0;
    let next = {};
    while (at + 512 <= bytes.length) {
        const header = bytes.subarray(at, at + 512);
        if (header.every((byte) => byte === 0)) break;
        const size = next.size ?? number(header.subarray(124, 136));
        const begin = at + 512;
        at = begin + Math.ceil(size / 512) * 512;
        if (!Number.isFinite(size) || begin + size > bytes.length) break;
        const content = bytes.subarray(begin, begin + size);
        const type = String.fromCharCode(header[156]);
        if (type === "x" || type === "g") {
            if (type === "x") next = { ...next, ...extended(content) };
        } else if (type === "L") {
            next = { ...next, path: text(content) };
        } else {
            const isUstar = text(header.subarray(257, 262)) === "ustar";
            const prefix = isUstar ? text(header.subarray(345, 500)) : "";
            const name = text(header.subarray(0, 100));
            if (type === "0" || type === "\0" || type === "7") {
                files.push({ path: next.path ?? (prefix ? `${prefix}/${name}` : name), size, bytes: content });
            }
            next = {};
        }
    }
    return files;
}

/** A field of text, which ends with a NUL. */
function text(field) {
    const end = field.indexOf(0);
    return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end));
}

/** An octal number; or a binary one, if the first bit is set (GNU). */
function number(field) {
    if (field[0] & 0x80) return field.subarray(1).reduce((sum, byte) => sum * 256 + byte, field[0] & 0x7f);
    return parseInt(text(field).trim() || "0", 8);
}

/** Records of a pax header: `length key=value` and a line feed. */
function extended(bytes) {
    const found = {};
    let at = 0;
    while (at < bytes.length) {
        const space = bytes.indexOf(32, at);
        if (space < 0) break;
        const length = parseInt(text(bytes.subarray(at, space)), 10);
        if (!(length > 0)) break;
        const record = text(bytes.subarray(space + 1, at + length - 1));
        const equals = record.indexOf("=");
        const [key, value] = [record.slice(0, equals), record.slice(equals + 1)];
        if (key === "path") found.path = value;
        if (key === "size") found.size = Number(value);
        at += length;
    }
    return found;
}
