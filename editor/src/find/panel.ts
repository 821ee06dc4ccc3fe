/** Find and replace, in one or two rows above the text. */
import {
  closeSearchPanel, findNext, findPrevious, getSearchQuery, openSearchPanel, replaceAll, replaceNext, search,
  SearchQuery, selectMatches, setSearchQuery,
} from "@codemirror/search";
import type { Extension } from "@codemirror/state";
import { EditorView, type Command, type Panel, type ViewUpdate } from "@codemirror/view";
import { button, h, icon, keyName } from "../ui/dom";
import { ICONS } from "../ui/icons";
import { found, matches } from "./matches";

const COUNT_MILLISECONDS = 100;
type Option = "caseSensitive" | "wholeWord" | "regexp";

/** The panel's own side of CodeMirror's search. */
class FindPanel implements Panel {
  readonly top = true;
  readonly dom: HTMLElement;
  readonly #find = field("Find", "Find");
  readonly #replace = field("Replace with", "Replace with");
  readonly #count = h("span", { class: "find-count", role: "status" });
  readonly #options = new Map<Option, HTMLButtonElement>();
  readonly #second: HTMLElement;
  readonly #turn: HTMLButtonElement;
  #counting: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly view: EditorView) {
    this.#find.setAttribute("main-field", "true");
    for (const one of [this.#find, this.#replace]) one.addEventListener("input", () => this.#commit());
    this.#turn = act("Replace…", () => this.showReplace(this.#second.hidden === true), ICONS.replace, { "aria-expanded": "false" });
    const replacing = view.state.readOnly ? [] : [this.#turn];
    const first = h("div", { class: "find-row" }, this.#find, this.#count,
      act("Previous (Shift+Enter)", () => this.#run(findPrevious), ICONS.up),
      act("Next (Enter)", () => this.#run(findNext), ICONS.down),
      this.#option("caseSensitive", "Match case", "Aa"), this.#option("wholeWord", "Whole words", "W"),
      this.#option("regexp", "Regular expression", ".*"), ...replacing,
      act("Close (Esc)", () => this.#close(), ICONS.close));
    this.#second = h("div", { class: "find-row", hidden: true }, this.#replace,
      button("Replace", () => this.#run(replaceNext), { title: "Replace this one and go on (Enter)" }),
      button("Replace all", () => this.#run(replaceAll), { title: keyName("Mod+Alt+Enter") }));
    this.dom = h("div", { class: "find", role: "search", "aria-label": "Find and replace" }, first,
      ...(view.state.readOnly ? [] : [this.#second]));
    this.dom.addEventListener("keydown", (event) => this.#key(event));
    this.#take(getSearchQuery(view.state));
  }

  mount(): void {
    this.#find.select();
  }

  update(update: ViewUpdate): void {
    const query = getSearchQuery(update.state);
    if (!query.eq(this.#query())) this.#take(query);
    if (update.docChanged || update.selectionSet) this.#countSoon();
  }

  destroy(): void {
    clearTimeout(this.#counting);
  }

  /** Open or shut the second row. */
  showReplace(open: boolean): void {
    this.#second.hidden = !open;
    this.#turn.setAttribute("aria-expanded", String(open));
    if (open) this.#replace.focus();
  }

  #take(query: SearchQuery): void {
    this.#find.value = query.search;
    this.#replace.value = query.replace;
    for (const [option, made] of this.#options) made.setAttribute("aria-pressed", String(query[option]));
    this.#show();
  }

  #query(): SearchQuery {
    const on = (option: Option): boolean => this.#options.get(option)!.getAttribute("aria-pressed") === "true";
    return new SearchQuery({
      search: this.#find.value, replace: this.#replace.value, caseSensitive: on("caseSensitive"),
      wholeWord: on("wholeWord"), regexp: on("regexp"), literal: !on("regexp"),
    });
  }

  #commit(): void {
    const query = this.#query();
    if (!query.eq(getSearchQuery(this.view.state))) this.view.dispatch({ effects: setSearchQuery.of(query) });
    this.#show();
  }

  #countSoon(): void {
    clearTimeout(this.#counting);
    this.#counting = setTimeout(() => this.#show(), COUNT_MILLISECONDS);
  }

  #show(): void {
    const query = this.#query();
    this.#find.setAttribute("aria-invalid", String(!query.valid && query.search !== ""));
    this.#count.textContent = query.search === "" ? ""
      : query.valid ? found(matches(this.view.state, query)) : "Not a regular expression";
  }

  #run(command: Command): void {
    this.#commit();
    command(this.view);
    this.#countSoon();
  }

  #close(): void {
    closeSearchPanel(this.view);
    this.view.focus();
  }

  #option(option: Option, label: string, sign: string): HTMLButtonElement {
    const made = button(sign, () => {
      made.setAttribute("aria-pressed", String(made.getAttribute("aria-pressed") !== "true"));
      this.#commit();
    }, { class: "quiet find-option", "aria-label": label, title: label, "aria-pressed": "false" });
    this.#options.set(option, made);
    return made;
  }

  #key(event: KeyboardEvent): void {
    if (event.isComposing) return; // this Enter ends a word of an input method
    const mod = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    if (event.key === "Escape") this.#close();
    else if (mod && key === "f") this.#find.select();
    else if (mod && key === "h" && !this.view.state.readOnly) this.showReplace(true);
    else if (event.key === "Enter" && event.target === this.#find) {
      this.#run(event.altKey ? selectMatches : event.shiftKey ? findPrevious : findNext);
    } else if (event.key === "Enter" && event.target === this.#replace) {
      this.#run(mod && event.altKey ? replaceAll : replaceNext);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

const panels = new WeakMap<EditorView, FindPanel>();

/** The extension. */
export function findPanel(): Extension {
  return search({
    top: true,
    createPanel: (view) => {
      const made = new FindPanel(view);
      panels.set(view, made);
      return made;
    },
    scrollToMatch: (range) => EditorView.scrollIntoView(range, { y: "center" }),
  });
}

/** Open the panel with its second row. */
export const openReplace: Command = (view) => {
  openSearchPanel(view);
  if (!view.state.readOnly) panels.get(view)?.showReplace(true);
  return true;
};

function field(label: string, placeholder: string): HTMLInputElement {
  return h("input", { type: "text", class: "find-field", "aria-label": label, placeholder, autocomplete: "off", spellcheck: "false" });
}

function act(
  label: string, run: () => void, path: string, attributes: Readonly<Record<string, string>> = {},
): HTMLButtonElement {
  return button(icon(path), run, { class: "quiet", "aria-label": label.replace(/ \(.*\)$/, ""), title: label, ...attributes });
}
