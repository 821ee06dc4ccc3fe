/** Typing is gathered and merged: nothing is lost, doubled or garbled. */
import { Text } from "@codemirror/state";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Coalescer, sameHeads, type DocumentPort, type Heads } from "../src/binding/coalescer";
import { A } from "./wasm";
import { Screen, edit } from "./screen";
import type { TextPatch } from "../src/binding/splices";

type Page = { content: string };

/** An Automerge document behind the coalescer's port. */
class Local implements DocumentPort {
  changes = 0;

  constructor(public doc: A.Doc<Page>) {}

  heads(): Heads {
    return A.getHeads(this.doc);
  }

  text(at?: Heads): string {
    return at ? A.view(this.doc, [...at]).content : this.doc.content;
  }

  edit(at: Heads, splices: readonly { position: number; remove: number; insert: string }[]): Heads {
    this.changes += 1;
    const apply = (doc: Page): void => {
      for (const one of splices) A.splice(doc, ["content"], one.position, one.remove, one.insert);
    };
    if (sameHeads(at, this.heads())) {
      this.doc = A.change(this.doc, apply);
      return this.heads();
    }
    const { newDoc, newHeads } = A.changeAt(this.doc, [...at], apply);
    this.doc = newDoc;
    return newHeads ?? at;
  }

  diff(from: Heads, to: Heads): TextPatch[] {
    return A.diff(this.doc, [...from], [...to]) as unknown as TextPatch[];
  }
}

function setUp(text: string) {
  const seed = A.from<Page>({ content: text });
  const local = new Local(A.clone(seed));
  const screen = new Screen(text);
  const coalescer = new Coalescer(local, screen);
  screen.typed = (changes) => coalescer.typed(changes);
  return { seed, local, screen, coalescer };
}

function remoteEdit(doc: A.Doc<Page>, at: number, remove: number, insert: string): A.Doc<Page> {
  return A.change(doc, (one) => A.splice(one, ["content"], at, remove, insert));
}

describe("coalescer", () => {
  test("ten keystrokes are one change", () => {
    const { local, screen, coalescer } = setUp("");
    for (const letter of "keystrokes") screen.type(screen.length(), 0, letter);
    expect(local.text()).toBe("");
    expect(coalescer.flush()).toBe(true);
    expect([local.text(), local.changes]).toEqual(["keystrokes", 1]);
  });

  test("flushing without typing makes no change", () => {
    const { local, coalescer } = setUp("text");
    expect(coalescer.flush()).toBe(false);
    expect(local.changes).toBe(0);
  });

  test("typing and deleting the same again makes no change", () => {
    const { local, screen, coalescer } = setUp("text");
    screen.type(4, 0, "x");
    screen.type(4, 1, "");
    expect(coalescer.flush()).toBe(false);
    expect([coalescer.waiting, local.changes]).toEqual([false, 0]);
  });

  test("others' words appear without disturbing what is being typed", () => {
    const { seed, local, screen, coalescer } = setUp("one two");
    screen.type(7, 0, " three");
    local.doc = A.merge(local.doc, remoteEdit(A.clone(seed), 0, 3, "ONE"));
    coalescer.reconcile();
    expect(screen.text()).toBe("ONE two three");
    expect(local.text()).toBe("ONE two three");
  });

  test("two runs typed at one place stay whole", () => {
    const { seed, local, screen, coalescer } = setUp("");
    screen.type(0, 0, "hel");
    coalescer.flush();
    screen.type(3, 0, "lo");
    local.doc = A.merge(local.doc, remoteEdit(A.clone(seed), 0, 0, "world"));
    coalescer.reconcile();
    expect(["helloworld", "worldhello"]).toContain(screen.text());
  });

  test("typing goes on where one was writing, whatever comes in at that place", () => {
    for (const actor of ["00".repeat(16), "ff".repeat(16)]) {
      const { seed, local, screen, coalescer } = setUp("");
      screen.type(0, 0, "hel");
      coalescer.flush();
      screen.type(3, 0, "lo");
      local.doc = A.merge(local.doc, remoteEdit(A.clone(seed, { actor }), 0, 0, "world"));
      coalescer.reconcile();
      expect(["helloworld", "worldhello"]).toContain(screen.text());
      expect(local.text()).toBe(screen.text());
    }
  });

  test("somebody else's run is not broken by text put at its end", () => {
    const { seed, local, screen, coalescer } = setUp("hel");
    screen.type(3, 0, "X");
    local.doc = A.merge(local.doc, remoteEdit(A.clone(seed), 3, 0, "lo"));
    coalescer.reconcile();
    expect([screen.text(), local.text()]).toEqual(["helloX", "helloX"]);
  });

  test("a document that does not take the text leaves it waiting, and nothing is shown", () => {
    const { seed, local, screen, coalescer } = setUp("one");
    screen.type(3, 0, " two");
    local.doc = A.merge(local.doc, remoteEdit(A.clone(seed), 0, 0, "zero "));
    const edit = local.edit.bind(local);
    local.edit = () => { throw new Error("no"); };
    expect(() => coalescer.reconcile()).toThrow("no");
    expect([coalescer.waiting, screen.text()]).toEqual([true, "one two"]);
    local.edit = edit;
    coalescer.reconcile();
    expect([screen.text(), local.text()]).toEqual(["zero one two", "zero one two"]);
  });

  test("a text object that was replaced is shown whole", () => {
    const { local, screen, coalescer } = setUp("old text");
    local.doc = A.change(local.doc, (doc) => { doc.content = "new text"; });
    coalescer.reconcile();
    expect(screen.text()).toBe("new text");
  });

  test("a screen that differs is repaired from the document", () => {
    const { screen, coalescer } = setUp("right 🙂 text");
    screen.state = Text.of(["right 🙃 text"]);
    expect(coalescer.repair()).toBe(true);
    expect(screen.text()).toBe("right 🙂 text");
    expect(coalescer.repair()).toBe(false);
  });

  test("offsets go to the document and back around typed text", () => {
    const { screen, coalescer } = setUp("abcdef");
    screen.type(2, 0, "XYZ");
    expect(coalescer.onScreen(4)).toBe(7);
    expect(coalescer.inDocument(7)).toBe(4);
    expect(coalescer.inDocument(3)).toBe(2);
  });
});

describe("sameHeads", () => {
  test("order does not matter, number does", () => {
    expect(sameHeads(["a", "b"], ["b", "a"])).toBe(true);
    expect(sameHeads(["a"], ["a", "b"])).toBe(false);
    expect(sameHeads(["a"], ["b"])).toBe(false);
  });
});

const step = fc.oneof(
  fc.record({ act: fc.constant("type" as const), edit }),
  fc.record({ act: fc.constant("remote" as const), edit }),
  fc.record({ act: fc.constant("flush" as const), edit }),
  fc.record({ act: fc.constant("arrive" as const), edit }),
  fc.record({ act: fc.constant("send" as const), edit }),
);

/** Unique letters make every loss and every doubling visible. */
function marks(text: string): string {
  return [...text].sort().join("");
}

describe("with random edits on both sides", () => {
  test("screen and document agree, and so do the two documents", () => {
    fc.assert(fc.property(fc.string({ maxLength: 20 }), fc.array(step, { maxLength: 40 }), (text, steps) => {
      const { seed, local, screen, coalescer } = setUp(text.toWellFormed());
      let other = A.clone(seed);
      for (const { act, edit: given } of steps) {
        if (act === "type") screen.edit(given);
        if (act === "remote") {
          const { at, remove, insert } = new Screen(other.content).fit(given);
          other = remoteEdit(other, at, remove, insert);
        }
        if (act === "flush") coalescer.flush();
        if (act === "arrive") {
          local.doc = A.merge(local.doc, A.clone(other));
          coalescer.reconcile();
        }
        if (act === "send") other = A.merge(other, A.clone(local.doc));
      }
      local.doc = A.merge(local.doc, A.clone(other));
      coalescer.reconcile();
      other = A.merge(other, A.clone(local.doc));
      expect(screen.text()).toBe(local.text());
      expect(other.content).toBe(local.text());
    }), { numRuns: 150 });
  });

  test("what is only inserted is there once, at the end", () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const { seed, local, screen, coalescer } = setUp("");
      let other = A.clone(seed);
      let next = 0x4e00;
      let expected = "";
      for (const { act, edit: given } of steps) {
        const letter = String.fromCharCode(next);
        if (act === "type") screen.type(given.at % (screen.length() + 1), 0, letter);
        else if (act === "remote") other = remoteEdit(other, given.at % (other.content.length + 1), 0, letter);
        else if (act === "flush") coalescer.flush();
        else if (act === "arrive") {
          local.doc = A.merge(local.doc, A.clone(other));
          coalescer.reconcile();
        } else other = A.merge(other, A.clone(local.doc));
        if (act === "type" || act === "remote") {
          expected += letter;
          next += 1;
        }
      }
      local.doc = A.merge(local.doc, A.clone(other));
      coalescer.reconcile();
      expect(marks(screen.text())).toBe(marks(expected));
    }), { numRuns: 150 });
  });
});
