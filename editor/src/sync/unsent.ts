/** What of the text the server has not stored, in words. */
import * as A from "@automerge/automerge/slim";
import type { PageDocument } from "../binding/document";
import { countWords } from "../text/count";

/** How many words were put in since `stored`; 0 when that version is not known. */
export function wordsSince(doc: A.Doc<PageDocument>, stored: readonly string[] | null): number {
  if (!stored?.length || !A.hasHeads(doc, [...stored])) return 0;
  return A.diff(doc, [...stored], A.getHeads(doc))
    .filter((patch) => patch.action === "splice" && patch.path[0] === "content")
    .reduce((sum, patch) => sum + countWords(String((patch as { value?: unknown }).value ?? "")), 0);
}
