/** Calm messages at the top of the page; each can be closed, the passing ones close themselves. */
import { button, h } from "./dom";

export type NoticeKind = "info" | "warn" | "bad";

export interface NoticeOptions {
  readonly kind?: NoticeKind;
  /** A later notice with the same name takes its place. */
  readonly name?: string;
  readonly link?: { readonly href: string; readonly text: string };
  /** Things that can be done about it. */
  readonly actions?: readonly { readonly text: string; readonly act: () => void }[];
  /** Milliseconds until it goes by itself; 0: it stays. */
  readonly passing?: number;
}

export class Notices {
  readonly element = h("div", { class: "notices", role: "status", "aria-live": "polite" });
  readonly #named = new Map<string, HTMLElement>();

  /** Show a message. */
  show(text: string, options: NoticeOptions = {}): void {
    const { kind = "info", name, link, actions = [], passing = 0 } = options;
    const words = h("span", { class: "notice-text" }, text);
    if (link) words.append(" ", h("a", { href: link.href }, link.text));
    const buttons = actions.map(({ text: label, act }) => button(label, act, { class: "small" }));
    const notice = h("div", { class: `notice notice-${kind}` }, words,
      ...(buttons.length > 0 ? [h("span", { class: "notice-actions" }, ...buttons)] : []));
    notice.append(button("✕", () => notice.remove(), { class: "quiet", "aria-label": "Close message" }));
    if (name) {
      this.#named.get(name)?.remove();
      this.#named.set(name, notice);
    }
    this.element.append(notice);
    if (passing > 0) setTimeout(() => notice.remove(), passing);
  }

  /** Take a named message away. */
  clear(name: string): void {
    this.#named.get(name)?.remove();
    this.#named.delete(name);
  }
}
