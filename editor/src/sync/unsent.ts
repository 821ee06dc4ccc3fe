/** What of a document is known, and what of its text the server has not stored. */
import * as A from "@automerge/automerge/slim";
import type { PageDocument } from "../binding/document";
import { countWords } from "../text/count";

/** Is a change in the document? (`A.hasHeads` builds the whole change for its answer: 90 ms for a large page's seed.) */
export function knows(doc: A.Doc<PageDocument>, head: string): boolean {
  const missing = A.getMissingDeps(doc, [head]);
  // Others are missing: then the change itself may be among those that wait for them.
  return missing.length === 0 || (!missing.includes(head) && A.hasHeads(doc, [head]));
}

/** How many words were put in since `stored`; 0 when that version is not known. */
export function wordsSince(doc: A.Doc<PageDocument>, stored: readonly string[] | null): number {
  if (!stored?.length || !stored.every((head) => knows(doc, head))) return 0;
  return A.diff(doc, [...stored], A.getHeads(doc))
    .filter((patch) => patch.action === "splice" && patch.path[0] === "content")
    .reduce((sum, patch) => sum + countWords(String((patch as { value?: unknown }).value ?? "")), 0);
}
