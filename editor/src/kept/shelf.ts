/** The list of pages on this device: what can be opened without the server, and taking it away. */
import type { Person } from "../config";
import { button, fill, h } from "../ui/dom";
import { ask } from "./ask";
import type { Book, KeptPage } from "./book";
import { erasePage, type Drawer } from "./erase";
import { addressOf } from "./place";
import { amount, moment, use } from "./words";

export class Shelf {
  readonly element = h("section", { class: "shelf", "aria-label": "Kept on this device" });

  constructor(private readonly book: Book, private readonly drawer: Drawer | null, private readonly person: Person) {}

  /** Show what there is now; gives how many pages. */
  async show(): Promise<number> {
    const pages = await this.book.list(this.person.id);
    const rows = pages.map((page) => this.#row(page));
    const all = button("Remove all", () => void this.#remove(pages), { class: "small" });
    const none = h("div", { class: "empty" }, "No pages yet. Every page you open is kept here for the time without the server.");
    fill(this.element, ...(pages.length > 0
      ? [h("ul", { class: "rows" }, ...rows), h("p", {}, all)] : [none]));
    return pages.length;
  }

  #row(page: KeptPage): HTMLElement {
    const { branch, pagePath, title, config, html, unsent } = page;
    const openable = config?.documentUrl != null;
    const href = addressOf(openable ? "edit" : "read", branch, pagePath);
    const facts = [pagePath, ...(branch === "main" ? [] : [branch]), use(page), `kept ${moment(page.keptAt)}`];
    const main = h("div", { class: "row-main" },
      h("a", { class: "row-title", href }, title), " ",
      ...(unsent ? [h("span", { class: "badge", "data-status": "review" }, `${amount(unsent)} not on the server yet`)] : []),
      h("p", { class: "muted" }, facts.join(" · ")));
    const read = h("a", { class: "button small", href: addressOf("read", branch, pagePath), "aria-label": `Read ${title}` }, "Read");
    const remove = button("Remove", () => void this.#remove([page]), { class: "small", "aria-label": `Remove ${title} from this device` });
    return h("li", { class: "row" }, main, ...(openable && html ? [read] : []), remove);
  }

  async #remove(pages: readonly KeptPage[]): Promise<void> {
    const unsent = pages.filter((page) => page.unsent);
    if (unsent.length > 0 && !(await this.#sure(unsent))) return;
    for (const page of pages) await erasePage(this.book, this.drawer, page);
    await this.show();
  }

  async #sure(unsent: readonly KeptPage[]): Promise<boolean> {
    const named = unsent.map((page) => `${page.title} (${amount(page.unsent!)})`).join(", ");
    const words = `The server does not have this yet: ${named}. Once removed it is gone. To send it, open the page while the server is there.`;
    return (await ask("Text that is nowhere else", words, [
      { label: "Keep it", value: false, kind: "primary" },
      { label: "Remove it for ever", value: true, kind: "danger" },
    ])) ?? false;
  }
}
