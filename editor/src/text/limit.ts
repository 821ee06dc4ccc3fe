/** What is typed or pasted here stays below the size a live page may have: more is refused before it is there. */
import { EditorState, type Extension } from "@codemirror/state";
import { remote } from "../binding/plugin";

/** A UTF-16 unit has at most three bytes in UTF-8. */
const MOST_BYTES = 3;

/** Lets nothing be typed that makes the text longer than `limit` bytes; `refused` is told why. */
export function sizeLimit(limit: number, refused: (words: string) => void): Extension {
  return EditorState.transactionFilter.of((transaction) => {
    const { startState, newDoc } = transaction;
    const grows = transaction.docChanged && newDoc.length > startState.doc.length;
    if (!grows || newDoc.length * MOST_BYTES <= limit || transaction.annotation(remote)) return transaction;
    const bytes = new TextEncoder().encode(newDoc.toString()).length;
    if (bytes <= limit) return transaction;
    refused(tooLarge(limit, bytes));
    return [];
  });
}

/** What whoever typed too much is told. */
export function tooLarge(limit: number, bytes: number): string {
  const [most, now] = [limit, bytes].map((size) => size.toLocaleString("en-GB"));
  return `A page may have ${limit / 1024} KiB (${most} bytes) to be written in together, and this would make it ${now}. `
    + "Nothing was changed; put the rest into a page of its own.";
}
