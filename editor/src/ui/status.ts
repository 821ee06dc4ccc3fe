/** The words about saving: always on the screen, read out when they change for longer. */
import type { Words } from "../machine/words";
import { h } from "./dom";

const SPOKEN_AFTER_MILLISECONDS = 1_500;

export class Status {
  readonly #text = h("span", { class: "status-text" });
  /** "Saving…" and "Saved" while someone types would drown everything else a reader says. */
  readonly #spoken = h("span", { class: "hidden", role: "status", "aria-live": "polite" });
  readonly element = h("div", { class: "status", "data-tone": "busy" },
    h("span", { class: "light", "aria-hidden": "true" }), this.#text, this.#spoken);
  #timer: ReturnType<typeof setTimeout> | undefined;

  show(words: Words): void {
    this.element.dataset["state"] = words.state;
    this.element.title = `${words.text}\n${words.meaning}`;
    if (this.#text.textContent === words.text) return;
    this.#text.textContent = words.text;
    this.element.dataset["tone"] = words.tone;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => (this.#spoken.textContent = words.text), SPOKEN_AFTER_MILLISECONDS);
  }
}
