/** Requirement numbers as chips, and list marks as bullets, where the cursor is not. */
import { syntaxTree } from "@codemirror/language";
import type { EditorState, Extension, Range } from "@codemirror/state";
import { Decoration, WidgetType, type EditorView } from "@codemirror/view";
import { decorate, touched } from "./replace";

const REQUIREMENT = /\[([A-Z][A-Z0-9]*(?:-[A-Z0-9]+)+)\](?![([:])/g;

export interface Chip {
  readonly from: number;
  readonly to: number;
  readonly id: string;
}

/** The requirement numbers in a text that begins at `offset`. */
export function chipsIn(text: string, offset: number): Chip[] {
  return [...text.matchAll(REQUIREMENT)].map((match) => {
    const from = offset + match.index;
    return { from, to: from + match[0].length, id: match[1]! };
  });
}

/** The next free number after the page's own: `REQ-013` after `REQ-012`. */
export function nextRequirement(text: string): string {
  const numbered = chipsIn(text, 0).map(({ id }) => /^(.*-)(\d+)$/.exec(id)).filter((m) => m !== null);
  const last = numbered.at(-1);
  const prefix = last?.[1] ?? "REQ-";
  const own = numbered.filter((match) => match[1] === prefix);
  const width = last?.[2]?.length ?? 3;
  const highest = Math.max(0, ...own.map((match) => Number(match[2])));
  return prefix + String(highest + 1).padStart(width, "0");
}

function inCode(state: EditorState, position: number): boolean {
  for (let node = syntaxTree(state).resolveInner(position, 1); node.parent; node = node.parent) {
    if (/Code|HTML|Frontmatter/.test(node.name)) return true;
  }
  return false;
}

class Bullet extends WidgetType {
  override eq(): boolean {
    return true;
  }

  override toDOM(): HTMLElement {
    const dot = document.createElement("span");
    dot.className = "bullet";
    dot.textContent = "•";
    return dot;
  }
}

const chip = Decoration.mark({ class: "chip" });
const bracket = Decoration.replace({});
const bullet = Decoration.replace({ widget: new Bullet() });

function findChips(view: EditorView, from: number, to: number): Range<Decoration>[] {
  const found: Range<Decoration>[] = [];
  for (const one of chipsIn(view.state.sliceDoc(from, to), from)) {
    if (inCode(view.state, one.from + 1) || touched(view.state, one.from, one.to)) continue;
    found.push(chip.range(one.from, one.to));
    found.push(bracket.range(one.from, one.from + 1), bracket.range(one.to - 1, one.to));
  }
  return found;
}

function findBullets(view: EditorView, from: number, to: number): Range<Decoration>[] {
  const found: Range<Decoration>[] = [];
  syntaxTree(view.state).iterate({
    from,
    to,
    enter(node) {
      if (node.name !== "ListMark" || touched(view.state, node.from, node.to)) return;
      if (/[-*+]/.test(view.state.sliceDoc(node.from, node.to))) found.push(bullet.range(node.from, node.to));
    },
  });
  return found;
}

export function requirementChips(): Extension {
  return [decorate(findChips), decorate(findBullets)];
}
