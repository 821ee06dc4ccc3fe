/** The editor extension that keeps CodeMirror's text and an Automerge document the same. */
import { Annotation, Transaction, type ChangeSet, type Extension } from "@codemirror/state";
import { EditorView, ViewPlugin, type ViewUpdate } from "@codemirror/view";
import type { DocHandle } from "@automerge/automerge-repo/slim";
import { Coalescer } from "./coalescer";
import { documentPort, type PageDocument } from "./document";
import { Tick, TICK_MILLISECONDS } from "./tick";

/** A document that did not take the text is asked again after this. */
const AGAIN_MILLISECONDS = 2_000;

/** Marks transactions that show what others did. */
export const remote = Annotation.define<boolean>();

export interface BindingEvents {
  /** The person typed; the text is not in the document yet. */
  typed?(): void;
  /** Typed text went into the document. */
  flushed?(): void;
  /** Others' changes are about to be shown, or are shown. */
  receiving?(phase: "begin" | "end"): void;
  /** The document could not take the typed text; it stays on the screen. */
  failed?(error: unknown): void;
}

/** One editor on one handle. */
export class Binding {
  readonly coalescer: Coalescer;
  readonly #tick: Tick;
  #asked = false;
  #stopped = false;
  #held = false;
  /** Was anything typed here? */
  typed = false;

  constructor(
    view: EditorView,
    private readonly handle: DocHandle<PageDocument>,
    private readonly events: BindingEvents,
    pending: ChangeSet | null,
  ) {
    this.coalescer = new Coalescer(documentPort(handle), {
      text: () => view.state.sliceDoc(),
      length: () => view.state.doc.length,
      show: (changes) =>
        view.dispatch({
          changes,
          annotations: [remote.of(true), Transaction.addToHistory.of(false)],
        }),
    }, pending);
    this.#tick = new Tick(TICK_MILLISECONDS, () => this.flush());
    if (pending) {
      this.typed = true;
      this.#tick.ask();
    }
    handle.on("change", this.#onChange);
  }

  /** CodeMirror's text changed. */
  update(update: ViewUpdate): void {
    let typed = false;
    for (const transaction of update.transactions) {
      if (!transaction.docChanged || transaction.annotation(remote)) continue;
      this.coalescer.typed(transaction.changes);
      typed = true;
    }
    if (!typed) return;
    this.typed = true;
    this.events.typed?.();
    this.#tick.ask();
  }

  /** Put typed text into the document now. */
  flush(): void {
    if (this.#held) return;
    try {
      if (this.coalescer.flush()) this.events.flushed?.();
    } catch (error) {
      this.events.failed?.(error);
      if (!this.#stopped) setTimeout(() => this.#tick.ask(), AGAIN_MILLISECONDS);
    }
  }

  /** From now on typed text waits on the screen, and nothing is shown from the document. */
  hold(): void {
    this.#held = true;
  }

  /** Go on as before. */
  release(): void {
    if (!this.#held) return;
    this.#held = false;
    if (!this.#stopped) this.#reconcile();
  }

  /** Typing goes into the document, and nothing more is shown from it. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#tick.stop();
    this.flush();
    this.handle.off("change", this.#onChange);
  }

  // The handle tells of a change while its state machine is at work, and a change made then
  // would wait in its queue; so others' changes are shown in a moment of their own.
  readonly #onChange = (): void => {
    if (this.#asked) return;
    this.#asked = true;
    queueMicrotask(() => {
      this.#asked = false;
      if (!this.#stopped) this.#reconcile();
    });
  };

  #reconcile(): void {
    if (this.#held) return;
    const had = this.coalescer.waiting;
    this.events.receiving?.("begin");
    try {
      this.coalescer.reconcile();
    } catch (error) {
      this.events.failed?.(error);
    }
    this.events.receiving?.("end");
    if (had && !this.coalescer.waiting) this.events.flushed?.();
  }

  /** Is there typed text which is not in the document yet? */
  get waiting(): boolean {
    return this.coalescer.waiting;
  }
}

/** The extension; `made` is given the binding as soon as the editor is on the page. */
export function automergeText(
  handle: DocHandle<PageDocument>,
  events: BindingEvents,
  made: (binding: Binding) => void,
  pending: ChangeSet | null = null,
): Extension {
  return ViewPlugin.define((view) => {
    const binding = new Binding(view, handle, events, pending);
    made(binding);
    return {
      update: (update) => binding.update(update),
      destroy: () => binding.stop(),
    };
  });
}
