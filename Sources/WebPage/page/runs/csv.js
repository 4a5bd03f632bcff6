/** Runs as CSV, of all pages together. */
import { query, request } from "../api.js";

/** @param {Record<string, any>} parameters of `GET /runs`, with columns, so that all pages have the same header */
export async function allText(parameters) {
    let text = "";
    let path = `runs${query({ ...parameters, format: "csv", limit: 1000 })}`;
    while (path) {
        const reply = await request(path);
        const page = await reply.text();
        text += text === "" ? page : page.slice(page.indexOf("\n") + 1);
        const cursor = /[?&]cursor=([^&>]+)/.exec(reply.headers.get("Link") ?? "")?.[1];
        path = cursor ? `runs${query({ ...parameters, format: "csv", limit: 1000, cursor: decodeURIComponent(cursor) })}` : "";
    }
    return text;
}
