/** Requests to the server; one that needs a token fires `tokenneeded`. Addresses are relative to the page's, so that it works behind a proxy's prefix. */

/** The server's reason for refusing a request (RFC 9457). */
export class Problem extends Error {
    /** @param {number} status @param {Record<string, any>} document */
    constructor(status, document) {
        super(document.detail ?? document.title ?? `the server answered ${status}`);
        this.status = status;
        this.document = document;
    }
}

/**
 * Sends a request.
 * @param {string} path relative to the page, such as `runs/a`; with parts encoded by `at`
 * @param {RequestInit} [options]
 * @returns {Promise<Response>} a successful reply
 * @throws {Problem} for any other reply; TypeError if there is none
 */
export async function request(path, options) {
    const response = await fetch(path, options);
    if (response.ok) return response;
    const text = await response.text();
    let document = {};
    try { document = JSON.parse(text); } catch { document = { detail: text.slice(0, 1000) }; }
    if (response.status === 401) dispatchEvent(new CustomEvent("tokenneeded", { detail: { path } }));
    throw new Problem(response.status, document);
}

/** The value of a JSON reply. */
export async function json(path, options) {
    return (await request(path, options)).json();
}

/** Sends a value as JSON. */
export function send(method, path, value) {
    if (value === undefined) return request(path, { method });
    return request(path, { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(value) });
}

/** Encodes a part of a path: a run id, a type. */
export const at = (part) => encodeURIComponent(part);

/** Encodes the path of an artifact, but not its slashes. */
export const atPath = (path) => path.split("/").map(encodeURIComponent).join("/");

/** A query's text, with the question mark; members that are `undefined`, `null` or empty are left out. */
export function query(members) {
    const parts = Object.entries(members).filter(([, value]) => value !== undefined && value !== null && value !== "")
        .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
    return parts.length === 0 ? "" : `?${parts.join("&")}`;
}
