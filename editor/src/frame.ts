/** What stands on the page before and around the text: made at once, filled when it is there. */
import type { EditorConfig } from "./config";
import { Comments } from "./comments/panel";
import { readOnlyReason } from "./config";
import { currentHeading, OutlinePanel, ProblemsPanel } from "./panels/lists";
import { PeopleBar } from "./panels/people";
import { Bell } from "./news/bell";
import type { Page } from "./page";
import type { Problem } from "./preview/client";
import { countBytes, countWords, sizeWarning } from "./text/count";
import { button, h } from "./ui/dom";
import { openHelp } from "./ui/help";
import { Layout } from "./ui/layout";
import type { Item } from "./ui/menu";
import { Notices } from "./ui/notices";
import { Status } from "./ui/status";
import { nextTheme, recallTheme, themeName, wear } from "./ui/theme";
import { toolbar } from "./ui/toolbar";

export { currentHeading };

/** The page's frame; calls go to the page as soon as there is one. */
export class Frame {
  readonly notices = new Notices();
  readonly status = new Status();
  readonly textBox = h("div", { class: "text-box" });
  readonly previewBody = h("article", { class: "prose preview-body" });
  readonly previewBox: HTMLElement;
  readonly outline = new OutlinePanel((line) => this.#page?.goTo(line));
  readonly people: PeopleBar;
  readonly bell: Bell | null;
  readonly layout: Layout;
  #page: Page | null = null;
  readonly comments: Comments;
  readonly #problems = new ProblemsPanel((line) => this.#page?.goTo(line));
  readonly #previewNote = h("p", { class: "preview-note", role: "status", hidden: true });
  readonly #words = h("span", { class: "count" }, "");
  readonly #place = h("span", { class: "place" }, "");
  readonly #problemCount = button("", () => this.layout.toggleSide(), { class: "quiet", hidden: true });
  readonly #conflictCount = button("", () => this.#page?.goToConflict(), { class: "quiet conflict-count", hidden: true });
  #counting: ReturnType<typeof setTimeout> | undefined;

  constructor(root: HTMLElement, private readonly config: EditorConfig, private readonly shelf: Storage | null) {
    this.people = new PeopleBar(config.person, (guest) => this.#page?.jump(guest), () => this.#page?.stopFollowing());
    this.bell = config.notificationsUrl ? new Bell(config.notificationsUrl) : null;
    this.comments = new Comments(config, () => this.layout.showText(), () => this.layout.toggleSide());
    this.previewBox = h("div", { class: "preview-box" }, this.previewBody);
    const writing = readOnlyReason(config) === null;
    this.layout = new Layout(root, config, {
      status: this.status.element,
      people: this.people.element,
      toolbar: writing ? toolbar(() => this.#page!.view) : h("span", { class: "gap" }),
      notices: this.notices.element,
      panels: [this.outline.element, this.comments.element, this.#problems.element],
      text: this.textBox,
      preview: h("div", { class: "preview-frame" }, this.#previewNote, this.previewBox),
      foot: [this.#words, this.#place, this.comments.count, this.#problemCount, this.#conflictCount],
      bell: this.bell?.element ?? null,
      menu: this.#menu(),
      saveVersion: writing ? () => this.#page?.saveVersion() : null,
      arranged: () => this.#page?.view.requestMeasure(),
    }, shelf);
    document.addEventListener("keydown", (event) => this.#key(event));
  }

  /** The page is there. */
  attach(page: Page): void {
    this.#page = page;
    this.showText(() => page.view.state.sliceDoc());
  }

  /** Count the words, a moment later than the typing. */
  showText(given: () => string): void {
    clearTimeout(this.#counting);
    this.#counting = setTimeout(() => {
      const text = given();
      const words = countWords(text);
      this.#words.textContent = words === 1 ? "1 word" : `${words.toLocaleString("en")} words`;
      const warning = sizeWarning(countBytes(text), this.config.liveLimit);
      if (warning) this.notices.show(warning, { kind: "warn", name: "size" });
      else this.notices.clear("size");
    }, 150);
  }

  showPlace(line: number, column: number): void {
    this.#place.textContent = `Line ${line}, column ${column}`;
    this.outline.at(line);
  }

  showProblems(problems: readonly Problem[]): void {
    this.#problems.show(problems);
    this.#problemCount.hidden = problems.length === 0;
    this.#problemCount.textContent = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  }

  showConflicts(count: number): void {
    this.#conflictCount.hidden = count === 0;
    this.#conflictCount.textContent = count === 1 ? "1 conflict" : `${count} conflicts`;
  }

  /** Why the preview is not of the present text; null: it is. */
  previewTrouble(words: string | null): void {
    this.#previewNote.hidden = words === null;
    this.#previewNote.textContent = words ?? "";
  }

  /** A form of its own: the answer is a page to go to. */
  #startDraft(action: string): void {
    const field = (name: string, value: string): HTMLElement => h("input", { type: "hidden", name, value });
    const form = h("form", { method: "post", action, hidden: true },
      field("csrf", this.config.csrfToken), field("page_path", this.config.pagePath));
    document.body.append(form);
    form.submit();
  }

  #menu(): Item[] {
    const { config, shelf } = this;
    const { pdf, docx, md } = config.exportUrls;
    let theme = recallTheme(shelf);
    wear(theme, shelf);
    return [
      { label: "View page", href: config.pageUrl },
      { label: "History", href: config.historyUrl },
      ...(config.draftUrl ? [{ label: "What this draft changes", href: config.draftUrl }] : []),
      ...(config.startDraftUrl ? [{ label: "Start a draft of this page", act: () => this.#startDraft(config.startDraftUrl!) }] : []),
      ...(pdf ? [{ label: "Download PDF", href: pdf, download: true }] : []),
      ...(docx ? [{ label: "Download Word", href: docx, download: true }] : []),
      ...(md ? [{ label: "Markdown as committed", href: md, download: true }] : []),
      { label: "Download this text", act: () => this.#download() },
      { label: "Copy as Markdown", act: () => void this.#copy() },
      { label: themeName(theme), act: () => {
        theme = nextTheme(theme);
        wear(theme, shelf);
        return themeName(theme);
      } },
      { label: "Keyboard help", act: openHelp },
      { label: "All pages", href: config.homeUrl },
      ...(config.notificationsUrl ? [{ label: "Notifications", href: config.notificationsUrl }] : []),
      ...(config.workerUrl ? [{ label: "Kept on this device", href: config.keptUrl }] : []),
    ];
  }

  /** Works without the server: whatever happens, the text can be taken along. */
  #download(): void {
    if (!this.#page) return;
    const url = URL.createObjectURL(new Blob([this.#page.view.state.sliceDoc()], { type: "text/markdown" }));
    h("a", { href: url, download: this.config.pagePath.split("/").at(-1) ?? "page.md" }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  }

  async #copy(): Promise<void> {
    const view = this.#page?.view;
    if (!view) return;
    const { from, to } = view.state.selection.main;
    await navigator.clipboard.writeText(from === to ? view.state.sliceDoc() : view.state.sliceDoc(from, to));
    this.notices.show("Copied.", { name: "copied", passing: 3_000 });
  }

  #key(event: KeyboardEvent): void {
    if (event.defaultPrevented) return;
    const mod = event.ctrlKey || event.metaKey;
    const typing = event.target instanceof Element && event.target.closest("input, textarea, [contenteditable=true]");
    const key = event.key.toLowerCase();
    if (mod && !event.shiftKey && key === "s") this.#page?.saveVersion();
    else if ((mod && event.shiftKey && key === "s") || (event.altKey && !mod && event.code === "KeyE")) this.layout.turn();
    else if (mod && event.key === "\\") this.layout.toggleSide();
    else if (event.key === "F1" || (event.key === "?" && !typing)) openHelp();
    else return;
    event.preventDefault();
  }
}
