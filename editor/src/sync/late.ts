/** Text of a document the server has retired: sent whole, as bytes, and never dropped here first. */
import * as A from "@automerge/automerge/slim";
import {
  Repo, parseAutomergeUrl, type AutomergeUrl, type StorageAdapterInterface,
} from "@automerge/automerge-repo/slim";
import type { Api } from "../api/http";
import type { Journal } from "./journal";
import type { PageDocument } from "../binding/document";

/** The server's answer to late bytes. */
export interface LateAnswer {
  /** Where the text is now: the page itself, or a draft `recovered/…`. */
  readonly edit: string;
  /** The heads of the live document that has the text; empty when it became a draft. */
  readonly heads: readonly string[];
}

/** The bytes of a document stored on this device; null when there is none. */
export async function storedHere(
  storage: StorageAdapterInterface,
  journal: Journal,
  documentUrl: string,
): Promise<Uint8Array | null> {
  const repo = new Repo({ storage, network: [] });
  const allowableStates = ["ready", "unavailable"];
  const handle = await repo.find<PageDocument>(documentUrl as AutomergeUrl, { allowableStates });
  if (!handle.isReady()) return null;
  const changes = journal.read(handle.documentId);
  return A.save(A.applyChanges(A.clone(handle.doc()), changes)[0]);
}

/** Forget a document on this device; only after the server has taken its text. */
export async function forget(
  storage: StorageAdapterInterface, journal: Journal, documentUrl: string,
): Promise<void> {
  await storage.removeRange([documentIdOf(documentUrl)]);
  journal.clear(documentIdOf(documentUrl));
}

/** Send the bytes; the server answers the same for the same bytes, however often they come. */
export async function sendLate(
  api: Api,
  lateUrl: string,
  documentUrl: string,
  page: { branch: string; pagePath: string },
  bytes: Uint8Array,
): Promise<LateAnswer> {
  const query = new URLSearchParams({ branch: page.branch, page_path: page.pagePath });
  const id = encodeURIComponent(documentIdOf(documentUrl));
  return api.send<LateAnswer>(`${lateUrl.replace("{id}", id)}?${query}`, bytes);
}

/** `4NMNnkMhL8jXrdJ9jamS58PAVdXu` of `automerge:4NMNnkMhL8jXrdJ9jamS58PAVdXu`. */
export function documentIdOf(documentUrl: string): string {
  return parseAutomergeUrl(documentUrl as AutomergeUrl).documentId;
}
