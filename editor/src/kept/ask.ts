/** A question with a few answers, in the browser's own dialog. */
import { button, h } from "../ui/dom";

export interface Answer<T> {
  readonly label: string;
  readonly value: T;
  readonly kind?: "primary" | "danger";
}

/** Ask; null: the dialog was closed. The first answer has the focus. */
export async function ask<T>(title: string, text: string, answers: readonly Answer<T>[]): Promise<T | null> {
  let given: T | null = null;
  const buttons = answers.map(({ label, value, kind }) =>
    button(label, () => {
      given = value;
      dialog.close();
    }, { class: kind ?? false }));
  const dialog = h("dialog", { class: "ask", "aria-labelledby": "ask-title", "aria-describedby": "ask-text" },
    h("h2", { id: "ask-title" }, title), h("p", { id: "ask-text" }, text), h("div", { class: "actions" }, ...buttons));
  document.body.append(dialog);
  const closed = new Promise<void>((done) => dialog.addEventListener("close", () => done(), { once: true }));
  dialog.showModal();
  buttons[0]?.focus();
  await closed;
  dialog.remove();
  return given;
}
