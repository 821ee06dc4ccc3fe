/** What this device remembers of each page: its document, and what the server had stored of it. */

export interface Remembered {
  readonly documentUrl: string;
  /** The server's stored heads when last heard of; null: never. */
  readonly stored: readonly string[] | null;
}

/** `localStorage`, or something like it. */
export interface Shelf {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** Notes about one page on one branch. */
export class Registry {
  constructor(
    private readonly shelf: Shelf | null,
    private readonly personId: string,
  ) {}

  #key(branch: string, pagePath: string): string {
    return `prdgen.page:${this.personId}:${branch}:${pagePath}`;
  }

  /** The document this device last edited here, or null. */
  find(branch: string, pagePath: string): Remembered | null {
    const found = this.shelf?.getItem(this.#key(branch, pagePath));
    return found ? (JSON.parse(found) as Remembered) : null;
  }

  /** Remember; a full or forbidden shelf is no reason to stop editing. */
  save(branch: string, pagePath: string, remembered: Remembered): void {
    this.#write(this.#key(branch, pagePath), remembered);
  }

  /** Documents of the page whose text the server has not taken over yet. */
  owed(branch: string, pagePath: string): readonly string[] {
    const found = this.shelf?.getItem(this.#owedKey(branch, pagePath));
    return found ? (JSON.parse(found) as string[]) : [];
  }

  /** A document was retired while its text may be unsent; remembered until `paid`. */
  owe(branch: string, pagePath: string, documentUrl: string): void {
    const owed = new Set([...this.owed(branch, pagePath), documentUrl]);
    this.#write(this.#owedKey(branch, pagePath), [...owed]);
  }

  /** The server has the document's text. */
  paid(branch: string, pagePath: string, documentUrl: string): void {
    const left = this.owed(branch, pagePath).filter((url) => url !== documentUrl);
    if (left.length > 0) this.#write(this.#owedKey(branch, pagePath), left);
    else this.shelf?.removeItem(this.#owedKey(branch, pagePath));
  }

  #owedKey(branch: string, pagePath: string): string {
    return `prdgen.owed:${this.personId}:${branch}:${pagePath}`;
  }

  #write(key: string, value: unknown): void {
    try {
      this.shelf?.setItem(key, JSON.stringify(value));
    } catch (error) {
      console.warn("prdgen: this browser keeps no notes about pages", error);
    }
  }
}
