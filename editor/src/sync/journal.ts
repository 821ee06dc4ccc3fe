/**
 * The last moments before a tab goes away. IndexedDB answers too late for a page that is being closed,
 * so the changes it may not have are written down at once, and applied when the page is next opened.
 */

/** `localStorage`, or something like it. */
export interface Drawer {
  readonly length: number;
  key(index: number): string | null;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** What was written down about one document, and where. */
export interface Written {
  readonly changes: readonly Uint8Array[];
  readonly entries: ReadonlyMap<string, string>;
}

/** One person's journal on this device; every tab writes its own page of it. */
export class Journal {
  constructor(
    private readonly drawer: Drawer | null,
    private readonly personId: string,
    private readonly tab: string,
  ) {}

  /** Write down changes of a document, in the place of what this tab wrote before; gives whether that worked. */
  write(documentId: string, changes: readonly Uint8Array[]): boolean {
    const key = `${this.#prefix(documentId)}${this.tab}`;
    try {
      if (changes.length === 0) this.drawer?.removeItem(key);
      else this.drawer?.setItem(key, JSON.stringify(changes.map(encoded)));
      return changes.length === 0 || this.drawer !== null;
    } catch (error) {
      console.warn("prdgen: the last changes could not be written down", error);
      return false;
    }
  }

  /** What any tab wrote down about a document. Stays until `clear`. */
  read(documentId: string): Uint8Array[] {
    return this.#keys(documentId).flatMap((key) =>
      (JSON.parse(this.drawer?.getItem(key) ?? "[]") as string[]).map(decoded));
  }

  /** Every document of which something is written down, by id. */
  all(): Map<string, Written> {
    const found = new Map<string, Written>();
    for (const key of this.#keys("")) {
      const id = key.slice(this.#person.length).split(":", 1)[0]!;
      const value = this.drawer?.getItem(key) ?? "[]";
      const { changes, entries } = found.get(id) ?? { changes: [], entries: new Map<string, string>() };
      found.set(id, {
        changes: [...changes, ...(JSON.parse(value) as string[]).map(decoded)],
        entries: new Map([...entries, [key, value]]),
      });
    }
    return found;
  }

  /** The server has what was written down; what a tab has put in its place since stays. */
  strike({ entries }: Written): void {
    for (const [key, value] of entries) {
      if (this.drawer?.getItem(key) === value) this.drawer.removeItem(key);
    }
  }

  /** The document holds, and IndexedDB has, what was written down. */
  clear(documentId: string): void {
    for (const key of this.#keys(documentId)) this.drawer?.removeItem(key);
  }

  get #person(): string {
    return `prdgen.journal:${this.personId}:`;
  }

  #prefix(documentId: string): string {
    return documentId === "" ? this.#person : `${this.#person}${documentId}:`;
  }

  #keys(documentId: string): string[] {
    const all = Array.from({ length: this.drawer?.length ?? 0 }, (_none, index) => this.drawer!.key(index));
    return all.filter((key) => key !== null).filter((key) => key.startsWith(this.#prefix(documentId)));
  }
}

function encoded(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

function decoded(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}
