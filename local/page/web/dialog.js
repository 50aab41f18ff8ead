// Modal dialogs. The browser keeps the focus inside, closes them with Escape, and returns the focus afterwards.

import { element } from "./dom.js";

let ids = 0;

/** Open a dialog with this content. Returns it; `close()` closes it. */
export const open = (title, ...content) => {
  const id = `dialog-${(ids += 1)}`;
  const close = element("button.quiet", { type: "button", textContent: "Close", onclick: () => dialog.close() });
  const dialog = element("dialog", { "aria-labelledby": id }, element("div.line", {}, element("h2", { id, textContent: title }), close), ...content);
  // A click on the backdrop has the dialog itself as its target.
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
};

/** Ask before something is lost. Resolves to whether the user agreed. */
export const confirm = (title, lines, action) =>
  new Promise((resolve) => {
    let agreed = false;
    const cancel = element("button", { type: "button", textContent: "Cancel", autofocus: true, onclick: () => dialog.close() });
    const agree = element("button.primary.danger", {
      type: "button",
      textContent: action,
      onclick: () => {
        agreed = true;
        dialog.close();
      },
    });
    const dialog = open(title, ...lines.filter(Boolean).map((line) => element("p", { textContent: line })), element("p.actions", {}, agree, cancel));
    dialog.addEventListener("close", () => resolve(agreed));
  });
