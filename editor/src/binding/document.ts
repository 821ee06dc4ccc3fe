/** The coalescer's view of one automerge-repo handle. */
import * as A from "@automerge/automerge/slim";
import { decodeHeads, encodeHeads, type DocHandle, type UrlHeads } from "@automerge/automerge-repo/slim";
import { sameHeads, type DocumentPort, type Heads } from "./coalescer";
import type { Splice, TextPatch } from "./splices";

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

/** A port onto `handle`, which must be ready. */
export function documentPort(handle: DocHandle<PageDocument>): DocumentPort {
  const heads = (): Heads => A.getHeads(handle.doc());
  return {
    heads,
    text: (at) =>
      at && !sameHeads(at, heads()) ? A.view(handle.doc(), [...at]).content : handle.doc().content,
    edit(at: Heads, splices: readonly Splice[]): Heads {
      if (sameHeads(at, heads())) {
        handle.change((doc) => apply(doc, splices));
        return heads();
      }
      const url = encodeHeads([...at]) as UrlHeads;
      const made = handle.changeAt(url, (doc) => apply(doc, splices));
      return made ? decodeHeads(made) : at;
    },
    diff: (from, to): TextPatch[] =>
      A.diff(handle.doc(), [...from], [...to]) as unknown as TextPatch[],
  };
}
