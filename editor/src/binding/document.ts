/** The coalescer's view of one automerge-repo handle. */
import * as A from "@automerge/automerge/slim";
import { decodeHeads, encodeHeads, type DocHandle, type UrlHeads } from "@automerge/automerge-repo/slim";
import { sameHeads, type DocumentPort, type Heads } from "./coalescer";
import { inParts, type Splice, type TextPatch } from "./splices";

/** The server takes a change of so many letters without letting others wait. */
const MOST_AT_ONCE = 10_000;

/** What every live document holds; `successor` is written by the server when it retires one. */
export interface PageDocument {
  content: string;
  successor?: string;
}

/** `path` is copied for each call: Automerge changes it in place. */
function apply(doc: PageDocument, splices: readonly Splice[]): void {
  for (const { position, remove, insert } of splices) {
    A.splice(doc, ["content"], position, remove, insert);
  }
}

/** One change in terms of the text at `at`; gives the heads of that text with the change. */
function editAt(handle: DocHandle<PageDocument>, at: Heads, now: Heads, splices: readonly Splice[]): Heads {
  if (sameHeads(at, now)) {
    handle.change((doc) => apply(doc, splices));
    return A.getHeads(handle.doc());
  }
  const made = handle.changeAt(encodeHeads([...at]) as UrlHeads, (doc) => apply(doc, splices));
  return made ? decodeHeads(made) : at;
}

/** A port onto `handle`, which must be ready. */
export function documentPort(handle: DocHandle<PageDocument>): DocumentPort {
  const heads = (): Heads => A.getHeads(handle.doc());
  return {
    heads,
    text: (at) =>
      at && !sameHeads(at, heads()) ? A.view(handle.doc(), [...at]).content : handle.doc().content,
    edit(at: Heads, splices: readonly Splice[]): Heads {
      let now = at;
      for (const part of inParts(splices, MOST_AT_ONCE)) now = editAt(handle, now, heads(), part);
      return now;
    },
    diff: (from, to): TextPatch[] =>
      A.diff(handle.doc(), [...from], [...to]) as unknown as TextPatch[],
  };
}
