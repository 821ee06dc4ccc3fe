/** The menu that opens with `/`: what can be put into a page, filtered as one types. */
import type { Completion, CompletionContext, CompletionResult } from "@codemirror/autocomplete";
import type { EditorView } from "@codemirror/view";
import { nextRequirement } from "../look/chips";

interface Entry {
  readonly label: string;
  readonly detail: string;
  /** `⌶` is where the cursor goes. Text that starts with a line break wants an empty line before. */
  readonly text: string | ((page: string) => string);
  readonly words: string;
}

export const ENTRIES: readonly Entry[] = [
  { label: "Heading 1", detail: "#", text: "# ⌶", words: "h1 title" },
  { label: "Heading 2", detail: "##", text: "## ⌶", words: "h2 section" },
  { label: "Heading 3", detail: "###", text: "### ⌶", words: "h3" },
  { label: "Bullet list", detail: "-", text: "- ⌶", words: "ul unordered" },
  { label: "Numbered list", detail: "1.", text: "1. ⌶", words: "ol ordered" },
  { label: "Task list", detail: "- [ ]", text: "- [ ] ⌶", words: "todo checkbox" },
  { label: "Requirement", detail: "next free number", words: "req shall",
    text: (page) => `- [${nextRequirement(page)}] ⌶` },
  { label: "Table", detail: "| |", words: "grid columns",
    text: "| ⌶ |  |\n| --- | --- |\n|  |  |" },
  { label: "Quote", detail: ">", text: "> ⌶", words: "blockquote" },
  { label: "Note", detail: "[!NOTE]", text: "> [!NOTE]\n> ⌶", words: "callout alert info" },
  { label: "Warning", detail: "[!WARNING]", text: "> [!WARNING]\n> ⌶", words: "callout alert" },
  { label: "Code block", detail: "```", text: "```⌶\n\n```", words: "fence snippet" },
  { label: "Diagram", detail: "mermaid", words: "mermaid flowchart graph",
    text: "```mermaid\nflowchart LR\n    A[⌶] --> B\n```" },
  { label: "Divider", detail: "---", text: "---\n⌶", words: "rule line hr" },
  { label: "Footnote", detail: "[^1]", text: "[^1]⌶", words: "note reference" },
  { label: "Today's date", detail: "", words: "date today now",
    text: () => `${new Date().toISOString().slice(0, 10)}⌶` },
];

/** The entry's text on this page, and where in it the cursor goes. */
export function filled(entry: Entry, page: string): { text: string; cursor: number } {
  const raw = typeof entry.text === "string" ? entry.text : entry.text(page);
  return { text: raw.replace("⌶", ""), cursor: raw.indexOf("⌶") };
}

function completion(entry: Entry): Completion {
  return {
    label: `/${entry.label}`,
    displayLabel: entry.label,
    detail: entry.detail,
    apply(view: EditorView, _completion: Completion, from: number, to: number) {
      const { text, cursor } = filled(entry, view.state.sliceDoc());
      view.dispatch({
        changes: { from, to, insert: text },
        selection: { anchor: from + cursor },
        userEvent: "input.complete",
        scrollIntoView: true,
      });
    },
  };
}

/** The entries that `typed` (after the slash) asks for. */
export function matching(typed: string): readonly Entry[] {
  const wanted = typed.toLowerCase();
  return ENTRIES.filter((entry) =>
    `${entry.label} ${entry.words}`.toLowerCase().split(/\s+/).some((word) => word.startsWith(wanted)) ||
    entry.label.toLowerCase().replaceAll(" ", "").includes(wanted));
}

/** For CodeMirror's completion: a slash at the start of a line or after a space. */
export function slashMenu(context: CompletionContext): CompletionResult | null {
  const match = context.matchBefore(/(?:^|\s)\/[\w]*$/);
  if (!match || context.state.readOnly) return null;
  const slash = match.from + match.text.indexOf("/");
  const typed = context.state.sliceDoc(slash + 1, context.pos);
  const options = matching(typed).map(completion);
  return options.length > 0 ? { from: slash, options, filter: false } : null;
}
