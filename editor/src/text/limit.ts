/** What is typed or pasted here stays below the size a live page may have: more is refused before it is there. */
import { EditorState, type Extension } from "@codemirror/state";
import { remote } from "../binding/plugin";

/** A UTF-16 unit has at most three bytes in UTF-8. */
const MOST_BYTES = 3;

/** Lets nothing be typed that makes the text longer than `limit` bytes; `refused` is told how long it would be. */
export function sizeLimit(limit: number, refused: (bytes: number) => void): Extension {
  return EditorState.transactionFilter.of((transaction) => {
    const { startState, newDoc } = transaction;
    const grows = transaction.docChanged && newDoc.length > startState.doc.length;
    if (!grows || newDoc.length * MOST_BYTES <= limit || transaction.annotation(remote)) return transaction;
    const bytes = new TextEncoder().encode(newDoc.toString()).length;
    if (bytes <= limit) return transaction;
    refused(bytes);
    return [];
  });
}
