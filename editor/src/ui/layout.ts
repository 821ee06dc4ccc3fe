/** The page's parts and how they stand: header, tools, side panel, text, divider, preview, foot. */
import type { EditorConfig } from "../config";
import { button, fill, h, icon, keyName } from "./dom";
import { divider } from "./divider";
import { ICONS } from "./icons";
import { menu, type Item } from "./menu";
import { recalled, turned, withShare, type Mode, type NarrowPane, type Screen } from "./mode";

const KEY = "prdgen.screen";
const NARROW = "(max-width: 47.9rem)";

export interface Parts {
  readonly status: HTMLElement;
  readonly people: HTMLElement;
  readonly toolbar: HTMLElement;
  readonly notices: HTMLElement;
  readonly panels: readonly HTMLElement[];
  readonly text: HTMLElement;
  readonly preview: HTMLElement;
  readonly foot: readonly (HTMLElement | string)[];
  /** null: this person is told of nothing. */
  readonly bell: HTMLElement | null;
  readonly menu: readonly Item[];
  /** null: this person cannot save versions. */
  readonly saveVersion: (() => void) | null;
  /** The panes have another size or place now. */
  readonly arranged: () => void;
}

/** Puts the parts into `root` and remembers how this person likes them. */
export class Layout {
  #screen: Screen;
  readonly #main: HTMLElement;
  readonly #bar: HTMLElement;
  readonly #modes = new Map<Mode, HTMLButtonElement>();
  readonly #tabs = new Map<NarrowPane, HTMLButtonElement>();

  constructor(
    private readonly root: HTMLElement,
    private readonly config: EditorConfig,
    private readonly parts: Parts,
    private readonly shelf: Storage | null,
  ) {
    this.#screen = recalled(shelf?.getItem(KEY) ?? null);
    this.#bar = divider(() => this.#panes(), () => this.#screen.share,
      (share) => this.#show(withShare(this.#screen, share)));
    const side = h("aside", { class: "side", id: "side", "aria-label": "Side panel" }, ...parts.panels);
    const text = h("section", { class: "pane pane-text", id: "text", "aria-label": "Text" }, parts.text);
    const preview = h("section", { class: "pane pane-preview", id: "preview", "aria-label": "Preview", tabindex: "0" }, parts.preview);
    this.#main = h("main", { class: "main" }, side, text, this.#bar, preview);
    root.classList.add("editor-app");
    fill(root,
      h("a", { class: "skip", href: "#text" }, "Skip to the text"),
      h("a", { class: "skip", href: "#preview" }, "Skip to the preview"),
      this.#header(), this.#tablist(), this.#tools(), parts.notices, this.#main,
      h("footer", { class: "foot" }, ...parts.foot));
    matchMedia(NARROW).addEventListener("change", () => parts.arranged());
    this.#show(this.#screen);
  }

  /** Source → both → reading; on a narrow screen text ↔ preview. */
  turn(): void {
    if (!matchMedia(NARROW).matches) this.#show(turned(this.#screen));
    else this.#show({ ...this.#screen, narrow: this.#screen.narrow === "source" ? "preview" : "source" });
  }

  toggleSide(): void {
    if (!matchMedia(NARROW).matches) this.#show({ ...this.#screen, side: !this.#screen.side });
    else this.#show({ ...this.#screen, narrow: this.#screen.narrow === "side" ? "source" : "side" });
  }

  /** Make sure that the text can be seen (someone asked to go to a place in it). */
  showText(): void {
    const mode = this.#screen.mode === "preview" ? "split" : this.#screen.mode;
    this.#show({ ...this.#screen, mode, narrow: "source" });
  }

  #show(screen: Screen): void {
    this.#screen = screen;
    const { mode, narrow, side, share } = screen;
    Object.assign(this.root.dataset, { mode, narrow, side: side ? "open" : "shut" });
    this.#main.style.setProperty("--share", `${share}fr`);
    this.#main.style.setProperty("--rest", `${100 - share}fr`);
    this.#bar.setAttribute("aria-valuenow", String(share));
    for (const [name, one] of this.#modes) one.setAttribute("aria-pressed", String(name === mode));
    for (const [name, one] of this.#tabs) one.setAttribute("aria-pressed", String(name === narrow));
    this.shelf?.setItem(KEY, JSON.stringify(screen));
    this.parts.arranged();
  }

  #panes(): DOMRect {
    const left = this.#main.querySelector(".pane-text")!.getBoundingClientRect();
    const right = this.#main.getBoundingClientRect();
    return new DOMRect(left.left, 0, right.right - left.left, 0);
  }

  #header(): HTMLElement {
    const { config, parts } = this;
    const back = h("a", { class: "back", href: config.pageUrl, "aria-label": "Back to the page", title: "Back to the page" }, icon(ICONS.back));
    const names = h("div", { class: "names" },
      h("h1", { title: config.pagePath }, config.title),
      config.draftUrl
        ? h("a", { class: "branch", href: config.draftUrl, title: "What this draft changes" }, config.branch)
        : h("span", { class: "branch", title: "Branch" }, config.branch));
    const save = parts.saveVersion
      ? [button(h("span", {}, "Save", h("span", { class: "only-wide" }, " version")), parts.saveVersion, { class: "primary save", "aria-label": "Save version", title: keyName("Save version (Mod+S)") })] : [];
    return h("header", { class: "top" }, back, names, h("div", { class: "now" }, parts.status, parts.people), ...save,
      ...(parts.bell ? [parts.bell] : []), menu("More", parts.menu));
  }

  #tools(): HTMLElement {
    const side = button(icon(ICONS.side), () => this.toggleSide(), {
      class: "quiet only-wide", "aria-label": "Side panel", title: keyName("Side panel (Mod+\\)"), "aria-controls": "side",
    });
    const labels = { source: "Text", split: "Text and preview", preview: "Preview" } as const;
    const group = h("div", { class: "modes only-wide", role: "group", "aria-label": "View" });
    for (const mode of ["source", "split", "preview"] as const) {
      const made = button(icon(ICONS[mode]), () => this.#show({ ...this.#screen, mode }), {
        class: "quiet", "aria-label": labels[mode], title: `${labels[mode]} (Alt+E turns)`,
      });
      this.#modes.set(mode, made);
      group.append(made);
    }
    return h("section", { class: "tools", "aria-label": "Tools" }, side, this.parts.toolbar, group);
  }

  #tablist(): HTMLElement {
    const labels = { source: "Text", preview: "Preview", side: "Outline" } as const;
    const group = h("section", { class: "tabs", "aria-label": "View" });
    for (const narrow of ["source", "preview", "side"] as const) {
      const made = button(labels[narrow], () => this.#show({ ...this.#screen, narrow }), { class: "quiet" });
      this.#tabs.set(narrow, made);
      group.append(made);
    }
    return group;
  }
}
