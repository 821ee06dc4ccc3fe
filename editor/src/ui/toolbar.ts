/** The format buttons: arrow keys go from one to the next, as a toolbar should. */
import { redo, undo } from "@codemirror/commands";
import { openSearchPanel } from "@codemirror/search";
import type { EditorView } from "@codemirror/view";
import { setHeading, toggleList, toggleQuote } from "../commands/blocks";
import { insertLink } from "../commands/inline";
import { bold, code, italic, strike } from "../commands/keys";
import { ENTRIES, filled } from "../commands/slash";
import { button, h, icon, keyName } from "./dom";
import { ICONS, type IconName } from "./icons";

type Act = (view: EditorView) => unknown;

const BUTTONS: readonly (readonly [IconName, string, Act] | null)[] = [
  ["bold", "Bold (Mod+B)", bold],
  ["italic", "Italic (Mod+I)", italic],
  ["strike", "Strike through (Mod+Shift+X)", strike],
  ["code", "Code (Mod+E)", code],
  ["link", "Link (Mod+K)", insertLink],
  null,
  ["heading", "Heading (Alt+2)", setHeading(2)],
  ["bullets", "Bullet list (Mod+Shift+8)", toggleList("bullet")],
  ["numbers", "Numbered list (Mod+Shift+7)", toggleList("number")],
  ["tasks", "Task list (Mod+Shift+9)", toggleList("task")],
  ["quote", "Quote (Mod+Shift+B)", toggleQuote],
  ["table", "Table", (view) => insertEntry(view, "Table")],
  null,
  ["undo", "Undo (Mod+Z)", undo],
  ["redo", "Redo (Mod+Y)", redo],
  ["find", "Find and replace (Mod+F)", openSearchPanel],
];

/** The toolbar for the editor that `view` gives. */
export function toolbar(view: () => EditorView): HTMLElement {
  const bar = h("div", { class: "toolbar", role: "toolbar", "aria-label": "Format", "aria-controls": "text" });
  for (const one of BUTTONS) bar.append(one ? formatButton(one, view) : h("span", { class: "gap" }));
  const buttons = [...bar.querySelectorAll("button")];
  buttons.forEach((made, index) => (made.tabIndex = index === 0 ? 0 : -1));
  bar.addEventListener("keydown", (event) => move(event, buttons));
  return bar;
}

function formatButton([name, label, act]: readonly [IconName, string, Act], view: () => EditorView): HTMLElement {
  const title = keyName(label);
  const made = button(icon(ICONS[name]), () => {
    act(view());
    view().focus();
  }, { title, "aria-label": title, class: "quiet" });
  // The text keeps its focus and selection while a button is pressed.
  made.addEventListener("mousedown", (event) => event.preventDefault());
  return made;
}

function move(event: KeyboardEvent, buttons: readonly HTMLButtonElement[]): void {
  const here = buttons.indexOf(event.target as HTMLButtonElement);
  const last = buttons.length - 1;
  const to = {
    ArrowRight: here === last ? 0 : here + 1, ArrowLeft: here === 0 ? last : here - 1,
    Home: 0, End: last,
  }[event.key];
  if (to === undefined || here < 0) return;
  event.preventDefault();
  buttons[here]!.tabIndex = -1;
  buttons[to]!.tabIndex = 0;
  buttons[to]!.focus();
}

function insertEntry(view: EditorView, label: string): void {
  const entry = ENTRIES.find((one) => one.label === label)!;
  const { text, cursor } = filled(entry, view.state.sliceDoc());
  const line = view.state.doc.lineAt(view.state.selection.main.head);
  const lead = line.text.trim() ? "\n\n" : "";
  view.dispatch({
    changes: { from: line.to, insert: lead + text },
    selection: { anchor: line.to + lead.length + cursor },
    userEvent: "input.complete",
    scrollIntoView: true,
  });
}
