/** Asks for a token if the server needs one. The browser keeps it in a cookie that scripts cannot read. */
import { Problem, request } from "./api.js";
import { h } from "./dom.js";

/** @type {HTMLDialogElement | null} */
let dialog = null;

/**
 * Shows the dialog that asks for a token. The page behind it could not be read, so it is loaded again after the login.
 * @param {string} [reason] why the previous token is not accepted
 */
export function askForToken(reason) {
    if (dialog) return;
    const field = /** @type {HTMLInputElement} */ (h("input", {
        type: "password", name: "token", autocomplete: "current-password", placeholder: "rd_…", spellcheck: false, required: true,
        "aria-describedby": "login-help",
    }));
    const fault = h("p.problem", { role: "alert", hidden: true });
    const button = h("button.first", { type: "submit" }, "Log in");
    const form = h("form", { onsubmit: submit, style: { "margin-top": "12px" } },
        h("label", {}, "Token", field),
        h("p.dim", { id: "login-help", style: { "margin-top": "8px" } }, "On the server's machine, ",
            h("code", {}, "rundir token create NAME --right read"), " makes one."),
        fault, h("div.actions", {}, h("button", { type: "button", onclick: close }, "Cancel"), button));
    const shown = dialog = /** @type {HTMLDialogElement} */ (h("dialog.login", { "aria-label": "Log in", onclose: () => { shown.remove(); dialog = null; } },
        h("h2", {}, "This server needs a token"), reason && h("p.dim", { style: { "margin-top": "8px" } }, reason), form));
    document.body.append(shown);
    shown.showModal();
    field.focus();

    function close() { shown.close(); }

    /** @param {Event} event */
    async function submit(event) {
        event.preventDefault();
        button.disabled = true;
        try {
            await logIn(field.value.trim());
            location.reload();
        } catch (error) {
            fault.textContent = error instanceof Problem && error.status === 401 ? "The server does not know this token, or it has expired."
                : error instanceof TypeError ? "The server cannot be reached, or the token has characters that no token has." : error.message;
            fault.hidden = false;
            button.disabled = false;
            field.select();
        }
    }
}

/** Has the browser keep a token. @param {string} token */
async function logIn(token) {
    await request("login", { method: "POST", headers: { Authorization: `Bearer ${token}` } });
}
