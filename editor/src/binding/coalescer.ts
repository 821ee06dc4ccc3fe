/**
 * Keystrokes gathered into at most one Automerge change per tick, and remote changes brought to
 * the text on the screen. Knows no editor and no network: both are ports.
 */
import { ChangeSet } from "@codemirror/state";
import { fromPatches, replacement, toSplices, type Splice, type TextPatch } from "./splices";

/** One version of the document. */
export type Heads = readonly string[];

/** The Automerge document, as far as the coalescer needs it. */
export interface DocumentPort {
  heads(): Heads;
  /** The text now, or at some heads. */
  text(at?: Heads): string;
  /** Make one change in terms of the text at `at`; gives the heads of that text with the change. */
  edit(at: Heads, splices: readonly Splice[]): Heads;
  diff(from: Heads, to: Heads): readonly TextPatch[];
}

/** The text on the screen, as far as the coalescer needs it. */
export interface ScreenPort {
  text(): string;
  length(): number;
  /** Show what others did; must not come back as `typed`. */
  show(changes: ChangeSet): void;
}

/** The screen always shows: the document at `shown` with `pending` on top. */
export class Coalescer {
  #shown: Heads;
  #pending: ChangeSet | null = null;
  /** Where this person's last words end, in the document's text at `shown`. */
  #end = -1;

  constructor(
    private readonly document: DocumentPort,
    private readonly screen: ScreenPort,
    /** Typed text that is on the screen already, on top of the document. */
    pending: ChangeSet | null = null,
  ) {
    this.#shown = document.heads();
    this.#pending = pending;
  }

  /** Let go: what was typed and is in no document, and the text it was typed on top of. */
  handOver(): { base: string; pending: ChangeSet | null } {
    const given = { base: this.document.text(this.#shown), pending: this.#pending };
    this.#pending = null;
    return given;
  }

  /** Is there typed text which is not in the document yet? */
  get waiting(): boolean {
    return this.#pending !== null;
  }

  /** The version of the document that is on the screen. */
  get shown(): Heads {
    return this.#shown;
  }

  /** An offset in the document's text at `shown`, as an offset on the screen. */
  onScreen(offset: number): number {
    const pending = this.#pending;
    return pending ? pending.mapPos(Math.min(offset, pending.length)) : offset;
  }

  /** An offset on the screen, as an offset in the document's text at `shown`. */
  inDocument(offset: number): number {
    return this.#pending ? this.#pending.invertedDesc.mapPos(offset) : offset;
  }

  /** The person typed; nothing goes to the document before `flush`. */
  typed(changes: ChangeSet): void {
    if (changes.empty) return;
    this.#pending = this.#pending ? this.#pending.compose(changes) : changes;
  }

  /** Bring typed text into the document as one change; gives whether there was any. */
  flush(): boolean {
    const pending = this.#pending;
    if (!pending) return false;
    if (!sameHeads(this.document.heads(), this.#shown)) {
      this.reconcile();
      return true;
    }
    const splices = toSplices(pending);
    if (splices.length > 0) this.#shown = this.#write(this.#shown, splices);
    this.#pending = null;
    return splices.length > 0;
  }

  /**
   * Show what others did since. Text typed meanwhile goes into the document as it is now, moved by what
   * they did: a change at the version its writer saw costs Automerge the whole document each time.
   */
  reconcile(): void {
    const now = this.document.heads();
    if (sameHeads(now, this.#shown)) {
      this.flush();
      return;
    }
    const pending = this.#pending;
    const length = pending ? pending.length : this.screen.length();
    const theirs = fromPatches(this.document.diff(this.#shown, now), length);
    if (theirs === null) {
      if (pending) this.#write(this.#shown, toSplices(pending));
      this.#pending = null;
      this.repair();
      return;
    }
    const first = pending !== null && this.#goesOn(pending);
    const splices = pending ? toSplices(pending.map(theirs, first)) : [];
    const seen = pending ? theirs.map(pending, !first) : theirs;
    this.#end = theirs.mapPos(Math.min(this.#end, length), -1);
    // Written first: a document that does not take it leaves everything as it was.
    this.#shown = splices.length > 0 ? this.#write(now, splices) : now;
    this.#pending = null;
    if (!seen.empty) this.screen.show(seen);
  }

  /** Does typed text go on where this person's last words end? Then nothing comes in between. */
  #goesOn(pending: ChangeSet): boolean {
    let found = false;
    pending.iterChanges((from) => (found ||= from === this.#end));
    return found;
  }

  #write(at: Heads, splices: readonly Splice[]): Heads {
    const heads = this.document.edit(at, splices);
    const last = splices.at(-1);
    if (last) this.#end = last.position + last.insert.length;
    return heads;
  }

  /** Make the screen show the document's text; gives whether they differed. */
  repair(): boolean {
    if (this.#pending) this.flush();
    const splice = replacement(this.screen.text(), this.document.text());
    this.#shown = this.document.heads();
    if (!splice) return false;
    const { position: from, remove, insert } = splice;
    const spec = { from, to: from + remove, insert };
    this.screen.show(ChangeSet.of(spec, this.screen.length(), "\n"));
    return true;
  }
}

/** Do both name the same version? */
export function sameHeads(one: Heads, other: Heads): boolean {
  if (one.length !== other.length) return false;
  const sorted = [...other].sort();
  return [...one].sort().every((head, index) => head === sorted[index]);
}
