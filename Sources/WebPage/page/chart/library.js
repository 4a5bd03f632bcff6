/** Loading scripts that are not modules: dygraphs, highlight.js. */
import { h } from "../dom.js";

/** @type {Map<string, Promise<void>>} */
const loaded = new Map();

/** Loads a script of Debian's packages once. @param {string} name below `lib/` */
export function script(name) {
    if (!loaded.has(name)) {
        loaded.set(name, new Promise((done, fail) => {
            const element = h("script", {
                src: new URL(`../lib/${name}`, import.meta.url).href, onload: () => done(), onerror: () => {
                    loaded.delete(name);
                    element.remove();
                    fail(new Error(`${name} could not be loaded`));
                },
            });
            document.head.append(element);
        }));
    }
    return loaded.get(name);
}
