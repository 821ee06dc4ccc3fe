/** What is said of a page of a draft: the words marked in the text, and a list that leads to them. */
import { EditorView } from "@codemirror/view";
import { ApiError, type Api } from "../api/http";
import { button, fill, h } from "../ui/dom";
import { summary, type Thread } from "./locate";
import { commentMarks, placeOf, showThreads } from "./marks";

/** What others say meanwhile is asked for so often, while somebody looks. */
const LOOK_MILLISECONDS = 15_000;

/** The page whose comments are shown: it may be renamed, or its draft, while it is open. */
export interface Commented {
  readonly pagePath: string;
  /** The draft's page; null: the page is on the main branch, of which nothing is said here. */
  readonly draftUrl: string | null;
}

export class Comments {
  #looks: ReturnType<typeof setInterval> | undefined;
  #shown = "";

  readonly element = h("section", { class: "panel comments", "aria-label": "Comments", hidden: true });
  /** How many there are, below the text; it opens the list. */
  readonly count = button("", () => this.open(), { class: "quiet comment-count", hidden: true });
  readonly extension = commentMarks;

  /** `page` is asked anew each time where it lies. */
  constructor(private readonly page: Commented, private readonly arrive: () => void, private readonly open: () => void) {}

  /** Show what is said now, and from now on what others say, as long as the draft `goesOn`. */
  async follow(api: Api, view: EditorView, goesOn: () => Promise<boolean>): Promise<void> {
    if (this.page.draftUrl === null) return;
    const look = async (): Promise<void> => {
      if (document.visibilityState === "visible" && await goesOn()) await this.refresh(api, view);
    };
    if (this.#looks !== undefined) return look();
    this.#looks = setInterval(() => void look(), LOOK_MILLISECONDS);
    document.addEventListener("visibilitychange", () => void look());
    await this.refresh(api, view);
  }

  /** Ask the server what is said now. Comments are no part of writing: without them one writes on. */
  async refresh(api: Api, view: EditorView): Promise<void> {
    const { draftUrl } = this.page;
    if (draftUrl === null) return;
    try {
      const { threads } = await api.get<{ threads: Thread[] }>(`/api${draftUrl}/review`);
      this.#show(view, draftUrl, threads.filter((one) => one.page_path === this.page.pagePath && !one.resolved));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#shown = "";
      fill(this.element, h("h2", {}, "Comments"), h("p", { class: "hint" }, `They cannot be shown now: ${error.message}`));
    }
  }

  #show(view: EditorView, draftUrl: string, threads: readonly Thread[]): void {
    const shown = JSON.stringify([draftUrl, threads]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    showThreads(view, threads);
    this.element.hidden = this.count.hidden = threads.length === 0;
    this.count.textContent = threads.length === 1 ? "1 comment" : `${threads.length} comments`;
    const rows = threads.map((one) => h("li", {}, this.#entry(view, one), " ",
      h("a", { href: `${draftUrl}#${one.id}`, "aria-label": `Answer comment ${one.number}` }, "Answer")));
    fill(this.element, h("h2", {}, "Comments"), h("ul", {}, ...rows));
  }

  #entry(view: EditorView, thread: Thread): HTMLElement {
    const words = `${thread.number} · ${summary(thread)}`;
    if (placeOf(view, thread.id)) return button(words, () => this.#goTo(view, thread.id));
    const about = thread.quote === null ? "about the page" : `about “${thread.quote.slice(0, 60)}”, which is not in the text now`;
    return h("span", {}, `${words} (${about})`);
  }

  #goTo(view: EditorView, id: string): void {
    const place = placeOf(view, id);
    if (!place) return;
    this.arrive();
    view.dispatch({ selection: { anchor: place.from, head: place.to }, effects: EditorView.scrollIntoView(place.from, { y: "center" }) });
    view.focus();
  }
}
