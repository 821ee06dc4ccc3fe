/** The cursor over a reload of the page that nobody asked for: one goes on typing where one was. */
import type { EditorView } from "@codemirror/view";

const KEY = "prdgen.cursor";

/** Remember where the cursor is, if it is in the text. */
export function keepCursor(view: EditorView | undefined): void {
  if (!view?.hasFocus) return;
  sessionStorage.setItem(KEY, JSON.stringify({ path: location.pathname, head: view.state.selection.main.head }));
}

/** Put it there again, once. */
export function restoreCursor(view: EditorView): void {
  const kept = sessionStorage.getItem(KEY);
  sessionStorage.removeItem(KEY);
  const { path, head } = JSON.parse(kept ?? "{}") as { path?: string; head?: number };
  if (path !== location.pathname || typeof head !== "number") return;
  view.dispatch({ selection: { anchor: Math.min(head, view.state.doc.length) }, scrollIntoView: true });
  view.focus();
}
