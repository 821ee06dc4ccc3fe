/** Other people's cursors and selections in the text, with their names and colours. */
import { RangeSet, StateEffect, StateField, type Extension, type Range } from "@codemirror/state";
import { Decoration, EditorView, WidgetType, type DecorationSet } from "@codemirror/view";
import type { Person } from "../config";

export interface RemoteCursor {
  readonly person: Person;
  readonly anchor: number;
  readonly head: number;
}

const setCursors = StateEffect.define<readonly RemoteCursor[]>();

class Caret extends WidgetType {
  /** `at` makes a caret that moved a new one, so that its name shows again for a moment. */
  constructor(private readonly person: Person, private readonly at: number) {
    super();
  }

  override eq(other: Caret): boolean {
    const { id, color } = this.person;
    return other.person.id === id && other.person.color === color && other.at === this.at;
  }

  override toDOM(): HTMLElement {
    const caret = document.createElement("span");
    caret.className = "remote-caret";
    caret.setAttribute("aria-hidden", "true");
    caret.style.setProperty("--person", this.person.color);
    const flag = document.createElement("span");
    flag.className = "remote-flag";
    // By CSS, so that the name is no part of the text for copying and searching.
    flag.dataset["name"] = this.person.name;
    caret.append(flag);
    return caret;
  }

  override get estimatedHeight(): number {
    return -1;
  }

  override ignoreEvent(): boolean {
    return true;
  }
}

function build(cursors: readonly RemoteCursor[], length: number): DecorationSet {
  const ranges: Range<Decoration>[] = [];
  for (const { person, anchor, head } of cursors) {
    const clamp = (offset: number): number => Math.max(0, Math.min(offset, length));
    const [from, to] = [clamp(Math.min(anchor, head)), clamp(Math.max(anchor, head))];
    if (from < to) {
      const attributes = { style: `--person: ${person.color}` };
      ranges.push(Decoration.mark({ class: "remote-selection", attributes }).range(from, to));
    }
    ranges.push(Decoration.widget({ widget: new Caret(person, head), side: 1 }).range(clamp(head)));
  }
  return RangeSet.of(ranges, true);
}

const field = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(cursors, transaction) {
    let now = transaction.docChanged ? cursors.map(transaction.changes) : cursors;
    for (const effect of transaction.effects) {
      if (effect.is(setCursors)) now = build(effect.value, transaction.newDoc.length);
    }
    return now;
  },
  provide: (self) => EditorView.decorations.from(self),
});

export function remoteCursors(): Extension {
  // Drawing a line anew makes its cursors anew.
  return [field, EditorView.updateListener.of(({ view }) => {
    if (view.state.field(field).size > 0) view.requestMeasure(INSIDE);
  })];
}

/** A name that would go over the right edge stands to the left of its cursor. */
const INSIDE = {
  key: "names inside the text",
  read(view: EditorView): readonly (readonly [flag: HTMLElement, turned: boolean])[] {
    const edge = view.scrollDOM.getBoundingClientRect().right;
    const flags = [...view.contentDOM.querySelectorAll<HTMLElement>(".remote-flag")];
    return flags.map((flag) => [flag, flag.parentElement!.getBoundingClientRect().left + flag.offsetWidth > edge]);
  },
  write(found: readonly (readonly [flag: HTMLElement, turned: boolean])[]): void {
    for (const [flag, turned] of found) flag.classList.toggle("turned", turned);
  },
};

/** Show these cursors, and no others. */
export function showCursors(view: EditorView, cursors: readonly RemoteCursor[]): void {
  view.dispatch({ effects: setCursors.of(cursors) });
}
