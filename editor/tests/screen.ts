/** A screen without a browser: a text that reports what is typed into it. */
import { ChangeSet, Text } from "@codemirror/state";
import fc from "fast-check";
import type { ScreenPort } from "../src/binding/coalescer";
import { insidePair } from "../src/text/clean";

export interface Edit {
  readonly at: number;
  readonly remove: number;
  readonly insert: string;
}

/** Any edit; `Screen.fit` brings it into a text. Emoji and line breaks included. */
export const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat(60),
  remove: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(6)),
  insert: fc.oneof(fc.constantFrom("a", "word ", "\n", "🙂", "é", "", "👩‍👩‍👧"), fc.string({ maxLength: 4 })),
});

export class Screen implements ScreenPort {
  state: Text;
  typed: (changes: ChangeSet) => void = () => {};

  constructor(text: string) {
    this.state = Text.of(text.split("\n"));
  }

  text(): string {
    return this.state.sliceString(0);
  }

  length(): number {
    return this.state.length;
  }

  show(changes: ChangeSet): void {
    this.state = changes.apply(this.state);
  }

  /** The person types. */
  type(at: number, remove: number, insert: string): void {
    const spec = { from: at, to: at + remove, insert };
    const changes = ChangeSet.of(spec, this.length(), "\n");
    this.state = changes.apply(this.state);
    this.typed(changes);
  }

  edit(given: Edit): void {
    const { at, remove, insert } = this.fit(given);
    this.type(at, remove, insert);
  }

  /** The edit brought inside the text, never cutting a surrogate pair. */
  fit(given: Edit): Edit {
    const text = this.text();
    let at = given.at % (text.length + 1);
    let end = Math.min(at + given.remove, text.length);
    if (insidePair(text, at)) at -= 1;
    if (insidePair(text, end)) end += 1;
    return { at, remove: Math.max(0, end - at), insert: given.insert.toWellFormed() };
  }
}
