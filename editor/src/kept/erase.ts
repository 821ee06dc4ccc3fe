/** Taking away what this device keeps: one page, or everything of a person who signs out. */
import { deleteDB, openDB } from "idb";
import { keyOf, type Book, type KeptPage } from "./book";
import { imagesOf } from "./images";

/** The part of `localStorage` that is used. */
export interface Drawer {
  readonly length: number;
  key(index: number): string | null;
  getItem(key: string): string | null;
  removeItem(key: string): void;
}

/** The name of the database with a person's documents; see `sync/storage.ts`. */
export function storageName(personId: string): string {
  return `prdgen-${personId}`;
}

/** Forget one page: its entry, its documents, and what is noted about them. */
export async function erasePage(book: Book, drawer: Drawer | null, page: KeptPage): Promise<void> {
  const { personId, branch, pagePath } = page;
  const note = `prdgen.page:${personId}:${branch}:${pagePath}`;
  const owed = `prdgen.owed:${personId}:${branch}:${pagePath}`;
  const urls = new Set<string>(JSON.parse(drawer?.getItem(owed) ?? "[]") as string[]);
  const remembered = JSON.parse(drawer?.getItem(note) ?? "null") as { documentUrl: string } | null;
  for (const url of [remembered?.documentUrl, page.config?.documentUrl]) if (url) urls.add(url);
  const ids = [...urls].map((url) => url.replace(/^automerge:/, ""));
  await dropDocuments(personId, ids);
  for (const key of [note, owed]) drawer?.removeItem(key);
  for (const id of ids) dropKeys(drawer, `prdgen.journal:${personId}:${id}:`);
  await book.remove(keyOf(page));
}

/** Forget everything this device keeps for a person, and that they were here. */
export async function erasePerson(book: Book | null, drawer: Drawer | null, personId: string): Promise<void> {
  for (const page of (await book?.list(personId)) ?? []) await book!.remove(keyOf(page));
  for (const kind of ["page", "owed", "journal"]) dropKeys(drawer, `prdgen.${kind}:${personId}:`);
  await imagesOf(personId)?.clear();
  if ((await book?.who())?.id === personId) await book!.leave();
  await emptied(personId);
}

/** Only the documents named. A database that is not there is not made. */
async function dropDocuments(personId: string, ids: readonly string[]): Promise<void> {
  if (ids.length === 0 || !(await exists(personId))) return;
  const db = await openDB(storageName(personId));
  if (db.objectStoreNames.contains("documents")) {
    for (const id of ids) await db.delete("documents", IDBKeyRange.bound([id], [id, "\uffff"]));
  }
  db.close();
}

/** All documents: emptied first, since another tab may hold the database open for a while. */
async function emptied(personId: string): Promise<void> {
  if (!(await exists(personId))) return;
  const db = await openDB(storageName(personId));
  for (const name of db.objectStoreNames) await db.clear(name);
  db.close();
  void deleteDB(storageName(personId));
}

async function exists(personId: string): Promise<boolean> {
  const all = await indexedDB.databases();
  return all.some((one) => one.name === storageName(personId));
}

function dropKeys(drawer: Drawer | null, prefix: string): void {
  const keys = Array.from({ length: drawer?.length ?? 0 }, (_none, index) => drawer!.key(index));
  for (const key of keys) if (key?.startsWith(prefix)) drawer!.removeItem(key);
}
