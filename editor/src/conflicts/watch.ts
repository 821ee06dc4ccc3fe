/** Conflicts from the server to the text, and choices back. */
import { EditorView } from "@codemirror/view";
import { ApiError, type Api } from "../api/http";
import { conflictMarks, keep } from "./marks";
import type { Conflict } from "./locate";

/** Shows the page's open conflicts; ask again with `refresh` whenever one may have come. */
export class Conflicts {
  #open: readonly Conflict[] = [];
  /** Whoever follows what they were told of comes for the conflict. */
  #wanted = location.hash === "#conflict";
  readonly marks = conflictMarks((view, located, choice) => {
    keep(view, located, choice);
    void this.#resolved(view, located.conflict, choice);
  });

  constructor(
    private readonly api: Api,
    private readonly urls: { readonly list: string; readonly resolve: string },
    private readonly changed: (count: number) => void,
    private readonly trouble: (words: string) => void,
  ) {}

  async refresh(view: EditorView): Promise<void> {
    // Only the first look leads there: later somebody types.
    const wanted = this.#wanted;
    this.#wanted = false;
    const here = view.state.selection;
    try {
      this.#show(view, (await this.api.get<{ items: Conflict[] }>(this.urls.list)).items);
      if (wanted && this.#open.length > 0 && view.state.selection.eq(here)) this.jump(view);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status !== 0 && error.status !== 404) this.trouble(`Conflicts: ${error.message}`);
    }
  }

  /** To the next conflict below the cursor, or the first one. */
  jump(view: EditorView): void {
    const located = this.marks.located(view);
    const head = view.state.selection.main.head;
    const target = located.find((one) => one.first.from > head) ?? located[0];
    if (!target) return;
    const effects = EditorView.scrollIntoView(target.first.from, { y: "center" });
    view.dispatch({ selection: { anchor: target.first.from }, effects });
    view.focus();
  }

  async #resolved(view: EditorView, conflict: Conflict, choice: string): Promise<void> {
    this.#show(view, this.#open.filter((one) => one.id !== conflict.id));
    try {
      const url = this.urls.resolve.replace("{id}", encodeURIComponent(conflict.id));
      await this.api.post(url, { kept: choice });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.trouble(`Your choice stays in the text, but the server did not note it: ${error.message}`);
    }
  }

  #show(view: EditorView, conflicts: readonly Conflict[]): void {
    this.#open = conflicts;
    this.marks.show(view, conflicts);
    this.changed(conflicts.length);
  }
}
