/** The book of what this device keeps for the time without the server: which pages, whose, since when. */
import { openDB, type DBSchema, type IDBPDatabase } from "idb";
import type { EditorConfig, Person } from "../config";

/** What of a page the server has not stored. */
export interface Unsent {
  readonly changes: number;
  /** Words typed; 0 when something was only taken out. */
  readonly words: number;
  /** When it was first so, in `Date.now()` milliseconds. */
  readonly since: number;
  /** The document whole, so that any page can send it. */
  readonly parcel?: { readonly documentUrl: string; readonly bytes: Uint8Array };
}

/** One page, kept for one person. Times are `Date.now()` milliseconds. */
export interface KeptPage {
  readonly personId: string;
  readonly branch: string;
  readonly pagePath: string;
  readonly title: string;
  /** Other ways its address was written, without `/edit/` or `/p/`. */
  readonly tails: readonly string[];
  /** When this device last had it from the server. */
  readonly keptAt: number;
  /** The server's rendering, for reading. */
  readonly html: string | null;
  /** What the editor needs to open it; null: it was only read here. */
  readonly config: EditorConfig | null;
  readonly unsent: Unsent | null;
}

export type Key = readonly [personId: string, branch: string, pagePath: string];

interface Shape extends DBSchema {
  pages: { key: string[]; value: KeptPage; indexes: { person: string } };
  facts: { key: string; value: Person };
}

/** More pages than this are kept only while they hold unsent text. */
export const MOST_PAGES = 100;
const PERSON = "person";

/** A new entry with nothing in it. */
export function blank([personId, branch, pagePath]: Key, now: number): KeptPage {
  return {
    personId, branch, pagePath, title: pagePath, tails: [], keptAt: now, html: null, config: null, unsent: null,
  };
}

export class Book {
  private constructor(private readonly db: IDBPDatabase<Shape>) {}

  /** The book of this device, or null in a browser that keeps nothing. */
  static async open(): Promise<Book | null> {
    try {
      return new Book(await openDB<Shape>("prdgen-kept", 1, {
        upgrade(db) {
          const pages = db.createObjectStore("pages", { keyPath: ["personId", "branch", "pagePath"] });
          pages.createIndex("person", "personId");
          db.createObjectStore("facts");
        },
      }));
    } catch (error) {
      console.warn("prdgen: this browser keeps no pages", error);
      return null;
    }
  }

  /** Who was last seen signed in here; null: nobody, or they signed out. */
  async who(): Promise<Person | null> {
    return (await this.db.get("facts", PERSON)) ?? null;
  }

  /** Someone is signed in here. From now on nobody sees what is kept for others. */
  async enter({ id, name, color }: Person): Promise<void> {
    await this.db.put("facts", { id, name, color }, PERSON);
  }

  /** Nobody is signed in here. */
  async leave(): Promise<void> {
    await this.db.delete("facts", PERSON);
  }

  /** What is kept for a person, the newest first. */
  async list(personId: string): Promise<KeptPage[]> {
    const found = await this.db.getAllFromIndex("pages", "person", personId);
    return found.sort((one, other) => other.keptAt - one.keptAt);
  }

  /** The page behind an address's tail, or null. */
  async find(personId: string, tail: string): Promise<KeptPage | null> {
    const fits = ({ branch, pagePath, tails }: KeptPage): boolean =>
      `${branch}/${pagePath}` === tail || tails.includes(tail);
    return (await this.list(personId)).find(fits) ?? null;
  }

  async get([...key]: Key): Promise<KeptPage | null> {
    return (await this.db.get("pages", key)) ?? null;
  }

  /** Change an entry, or make it. Gives what had to go because there are too many. */
  async write(key: Key, change: (page: KeptPage) => KeptPage, now = Date.now()): Promise<KeptPage[]> {
    const transaction = this.db.transaction("pages", "readwrite");
    const known = await transaction.store.get([...key]);
    await transaction.store.put(change(known ?? blank(key, now)));
    const all = known ? [] : await transaction.store.index("person").getAll(key[0]);
    const gone = surplus(all, MOST_PAGES);
    for (const page of gone) await transaction.store.delete([...keyOf(page)]);
    await transaction.done;
    return gone;
  }

  /** Change an entry that is there. One that was taken away meanwhile does not come back. */
  async amend(key: Key, change: (page: KeptPage) => KeptPage): Promise<void> {
    const transaction = this.db.transaction("pages", "readwrite");
    const known = await transaction.store.get([...key]);
    if (known) await transaction.store.put(change(known));
    await transaction.done;
  }

  async remove([...key]: Key): Promise<void> {
    await this.db.delete("pages", key);
  }
}

export function keyOf(page: KeptPage): Key {
  return [page.personId, page.branch, page.pagePath];
}

/** The oldest pages beyond `most`; never one with unsent text. */
export function surplus(pages: readonly KeptPage[], most: number): KeptPage[] {
  const free = pages.filter((page) => !page.unsent).sort((one, other) => one.keptAt - other.keptAt);
  return free.slice(0, Math.max(0, pages.length - most));
}
