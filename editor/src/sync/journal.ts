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

  /** The document holds, and IndexedDB has, what was written down. */
  clear(documentId: string): void {
    for (const key of this.#keys(documentId)) this.drawer?.removeItem(key);
  }

  #prefix(documentId: string): string {
    return `prdgen.journal:${this.personId}:${documentId}:`;
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
