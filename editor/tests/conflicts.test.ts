/** Whoever was told of two versions is led to them, once. */
import { EditorState, type TransactionSpec } from "@codemirror/state";
import type { EditorView } from "@codemirror/view";
import { afterEach, expect, test, vi } from "vitest";
import { ApiError, type Api } from "../src/api/http";
import { Conflicts } from "../src/conflicts/watch";

const FOUND = { items: [{ id: "1", ours: { text: "two A" }, theirs: { text: "two B" } }] };

afterEach(() => vi.unstubAllGlobals());

function opened(...answers: (() => Promise<unknown>)[]): { conflicts: Conflicts; view: EditorView } {
  vi.stubGlobal("location", { hash: "#conflict" });
  const api = { get: () => answers.shift()!() } as unknown as Api;
  const conflicts = new Conflicts(api, { list: "/c", resolve: "/c/{id}" }, () => {}, () => {});
  let state = EditorState.create({ doc: "one\ntwo A\ntwo B\nthree\n", extensions: [conflicts.marks.extension] });
  const view = {
    get state() { return state; },
    dispatch(spec: TransactionSpec) { state = state.update(spec).state; },
    focus() {},
  } as unknown as EditorView;
  return { conflicts, view };
}

test("the first look leads there", async () => {
  const { conflicts, view } = opened(async () => FOUND);
  await conflicts.refresh(view);
  expect(view.state.selection.main.head).toBe(4);
});

test("a later one takes the cursor away from nobody", async () => {
  const { conflicts, view } = opened(async () => { throw new ApiError("away", 0); }, async () => FOUND);
  await conflicts.refresh(view);
  view.dispatch({ changes: { from: view.state.doc.length, insert: "typed" }, selection: { anchor: view.state.doc.length + 5 } });
  const { head } = view.state.selection.main;
  await conflicts.refresh(view);
  expect(view.state.selection.main.head).toBe(head);
});

test("nor one that took long", async () => {
  let answer = (_: unknown): void => {};
  const { conflicts, view } = opened(() => new Promise((done) => { answer = done; }));
  const looked = conflicts.refresh(view);
  view.dispatch({ selection: { anchor: 2 } });
  answer(FOUND);
  await looked;
  expect(view.state.selection.main.head).toBe(2);
});
