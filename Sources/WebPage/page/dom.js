/** Making elements. Text is always text: nothing here parses markup, so that no name or value is interpreted as HTML. */

/**
 * Makes an element.
 * @param {string} tag its name, and classes after dots: `td.number.dim`
 * @param {Record<string, any>} [properties] attributes; `onclick` and the like are listeners; `style` is an object of CSS
 *   properties; a value that is `null`, `undefined` or `false` is left out
 * @param {...any} children elements and texts; `null`, `undefined` and `false` are left out; arrays are flattened
 * @returns {any} an HTMLElement, of the tag's class
 */
export function h(tag, properties, ...children) {
    const [name, ...classes] = tag.split(".");
    const element = document.createElement(name);
    if (classes.length > 0) element.className = classes.join(" ");
    for (const [key, value] of Object.entries(properties ?? {})) set(element, key, value);
    append(element, children);
    return element;
}

/** The same in SVG. @returns {SVGElement} */
export function svg(tag, properties, ...children) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, value] of Object.entries(properties ?? {})) set(element, key, value);
    append(element, children);
    return element;
}

/** Replaces the children of an element. */
export function fill(element, ...children) {
    element.replaceChildren();
    append(element, children);
    return element;
}

function set(element, key, value) {
    if (value === null || value === undefined || value === false) return;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "style") for (const [name, text] of Object.entries(value)) element.style.setProperty(name, text);
    else if (key in element && typeof value !== "string" && !(element instanceof SVGElement)) element[key] = value;
    else element.setAttribute(key, value === true ? "" : String(value));
}

function append(element, children) {
    for (const child of children.flat(Infinity)) {
        if (child === null || child === undefined || child === false) continue;
        element.append(child instanceof Node ? child : String(child));
    }
}

/**
 * Loads a view's style sheet, once.
 * @param {URL} address
 * @returns {Promise<void>} when its rules apply
 */
export function style(address) {
    const known = [...document.querySelectorAll("link[rel=stylesheet]")].some((link) => /** @type {HTMLLinkElement} */ (link).href === address.href);
    if (known) return Promise.resolve();
    return new Promise((resolve) => {
        document.head.append(h("link", { rel: "stylesheet", href: address.href, onload: resolve, onerror: resolve }));
    });
}
