/** Dialogs: the browser's own, so focus and Escape are right. */
import { button, h } from "./dom";

/** An open dialog with a title and a close button; removed from the page when it closes. */
export function openDialog(title: string, ...content: (Node | string)[]): HTMLDialogElement {
  const id = `dialog-${Math.random().toString(36).slice(2)}`;
  const close = button("✕", () => dialog.close(), { class: "quiet", "aria-label": "Close" });
  const head = h("header", {}, h("h2", { id }, title), close);
  const dialog = h("dialog", { class: "dialog", "aria-labelledby": id }, head, ...content);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
