/** Following somebody: the view goes where they go, until one does anything oneself. */
import type { EditorView } from "@codemirror/view";
import type { Guest, Roster } from "./roster";

export interface Following {
  /** Bring a guest's place into view; gives whether it is known. */
  show(guest: Guest): boolean;
  /** Somebody is followed now, or (null) nobody. */
  changed(guest: Guest | null): void;
  /** The followed person closed the page. */
  left(guest: Guest): void;
}

/** What one does oneself, by the browser's names; scrolling by the program is none of it. */
const OWN = ["wheel", "touchmove", "pointerdown", "keydown"] as const;

export class Follow {
  #guest: Guest | null = null;
  #shown = "";

  constructor(view: EditorView, private readonly port: Following) {
    for (const name of OWN) view.dom.addEventListener(name, () => this.stop(), { capture: true, passive: true });
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.stop();
    });
  }

  /** Whoever is followed. */
  get guest(): Guest | null {
    return this.#guest;
  }

  /** Follow from now on; the same once more: no longer. */
  toggle(guest: Guest): void {
    if (this.#guest?.peer === guest.peer) {
      this.stop();
      return;
    }
    this.#guest = guest;
    this.#shown = "";
    this.port.changed(guest);
    this.#show(guest);
  }

  stop(): void {
    if (!this.#guest) return;
    this.#guest = null;
    this.port.changed(null);
  }

  /** News of who is where. */
  moved(roster: Roster): void {
    const followed = this.#guest;
    if (!followed) return;
    const now = roster.get(followed.peer) ?? [...roster.values()].find((one) => one.person.id === followed.person.id);
    if (!now) {
      this.stop();
      this.port.left(followed);
      return;
    }
    this.#guest = now;
    this.#show(now);
  }

  #show(guest: Guest): void {
    const place = JSON.stringify(guest.selection);
    if (place === this.#shown) return;
    if (this.port.show(guest)) this.#shown = place;
  }
}
