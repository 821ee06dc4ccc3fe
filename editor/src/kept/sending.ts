/** Text that waits on this device is sent from whatever page of the server is open. */
import type { Journal, Written } from "../sync/journal";
import { amount } from "./words";
import { keyOf, type Book, type Key, type KeptPage } from "./book";

/** The server's answer. */
export interface Delivered {
  /** Where the text is now. */
  readonly edit: string;
  /** How many changes it did not have yet. */
  readonly taken: number;
}

export interface Sent extends Delivered {
  /** Null: the page was closed before it was noted in the book. */
  readonly page: KeptPage | null;
}

/** Sends bytes. */
export type Post = (url: string, bytes: Uint8Array) => Promise<Delivered>;

/** One document's bytes on their way. */
interface Parcel {
  readonly id: string;
  readonly page: KeptPage | null;
  readonly bytes: Uint8Array | null;
  readonly written: Written | null;
}

const DELIVER = "/api/documents/{id}/changes";

/** The address that takes the changes of a document. */
export function deliverAddress(documentUrl: string, template = DELIVER): string {
  return template.replace("{id}", encodeURIComponent(idOf(documentUrl)));
}

/**
 * Send what waits, as the changes it is; the server takes the same as often as it comes, once. What it
 * does not take so stays, and is told of as before: the page's editor has other ways. `open` is the
 * page whose editor is at work here, and sends its own.
 */
export async function sendWaiting(
  book: Book, journal: Journal, personId: string, post: Post, open: Key | null = null,
): Promise<Sent[]> {
  const sent: Sent[] = [];
  for (const parcel of parcels(await book.list(personId), journal.all(), open)) {
    const { id, page, bytes, written } = parcel;
    try {
      const all = joined([...(bytes ? [bytes] : []), ...(written?.changes ?? [])]);
      const delivered = await post(deliverAddress(id, page?.config?.deliverUrl), all);
      if (written) journal.strike(written);
      if (page && bytes) {
        await book.amend(keyOf(page), (now) => (same(now.unsent?.parcel?.bytes, bytes) ? { ...now, unsent: null } : now));
      }
      sent.push({ ...delivered, page });
    } catch (error) {
      console.warn(`prdgen: the text of ${page?.pagePath ?? id} waits on this device`, error);
    }
  }
  return sent;
}

/** What was sent, in words: `3 words`, or what the server took when they were not counted. */
export function amountSent({ page, taken }: Sent): string {
  return amount(page?.unsent ?? { words: 0, changes: taken });
}

/** Where it is now, for people. */
export function titleOf({ page, edit }: Sent): string {
  return page?.title ?? decodeURIComponent(edit.split("/").at(-1) ?? edit);
}

/** What waits, by document: what the book has whole, and after it what closing tabs wrote down last. */
function parcels(pages: readonly KeptPage[], written: Map<string, Written>, open: Key | null): Parcel[] {
  const found: Parcel[] = [];
  for (const page of pages) {
    const parcel = page.unsent?.parcel;
    const id = idOf(parcel?.documentUrl ?? page.config?.documentUrl ?? "");
    const last = written.get(id) ?? null;
    written.delete(id);
    const here = keyOf(page).join("\n") === open?.join("\n");
    if (!here && (parcel || last)) found.push({ id, page, bytes: parcel?.bytes ?? null, written: last });
  }
  for (const [id, last] of written) found.push({ id, page: null, bytes: null, written: last });
  return found;
}

function idOf(documentUrl: string): string {
  return documentUrl.replace(/^automerge:/, "");
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** More may have been typed while it was sent. */
function same(one: Uint8Array | undefined, other: Uint8Array): boolean {
  return one?.length === other.length && one.every((byte, index) => byte === other[index]);
}
