/** The open page's entry in the book: kept up to date while someone has it open. */
import type { EditorConfig } from "../config";
import type { Book, Key, KeptPage, Unsent } from "./book";
import type { Journal } from "../sync/journal";
import { erasePage, type Drawer } from "./erase";
import { imagesOf, pictures } from "./images";
import { placeOf } from "./place";
import { sendWaiting, type Post, type Sent } from "./sending";

const SETTLE_MILLISECONDS = 1_000;

/** What waits, and the document it is in. */
export interface Waiting {
  readonly changes: number;
  readonly words: number;
  readonly documentUrl: string;
  /** Which version of it. */
  readonly version: string;
  /** Its bytes; only asked for when they are written. */
  bytes(): Uint8Array;
}

function entry({ changes, words, documentUrl, bytes }: Waiting, since: number): Unsent {
  return { changes, words, since, parcel: { documentUrl, bytes: bytes() } };
}

/** Writes what changed, a moment later and one write at a time. */
export class Keeping {
  #change: ((page: KeptPage) => KeptPage) | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #said: string | null = "";
  #stopped = false;
  readonly #key: Key;

  constructor(private readonly book: Book, private readonly drawer: Drawer | null, config: EditorConfig) {
    this.#key = [config.person.id, config.branch, config.pagePath];
  }

  /** The server gave this page just now: what the editor needs of it, without this session's secrets. */
  opened(config: EditorConfig, pathname: string): void {
    const { tail } = placeOf(pathname);
    const { branch, pagePath, title } = config;
    this.#later((page) => ({
      ...page,
      title,
      tails: tail === `${branch}/${pagePath}` || page.tails.includes(tail) ? page.tails : [...page.tails, tail],
      keptAt: Date.now(),
      config: { ...config, csrfToken: "", cspNonce: "" },
    }));
  }

  /** The page goes on in another document. */
  follows(documentUrl: string): void {
    this.#later((page) => ({ ...page, config: page.config && { ...page.config, documentUrl } }));
  }

  /** The page was renamed: it is found on this device under its new address, too. */
  renamed({ branch, pagePath }: EditorConfig): void {
    const tail = `${branch}/${pagePath}`;
    this.#later((page) => ({ ...page, tails: page.tails.includes(tail) ? page.tails : [...page.tails, tail] }));
  }

  /** The server has rendered the text. */
  rendered(body: HTMLElement): void {
    const html = body.innerHTML;
    const heading = body.querySelector("h1")?.textContent?.trim();
    this.#later((page) => ({
      ...page, html, keptAt: Date.now(),
      // A page that is not indexed yet has no title but its path.
      title: heading && page.title === page.pagePath ? heading : page.title,
    }));
    void imagesOf(this.#key[0])?.keep(pictures(body));
  }

  /** What the server has not stored; null: it has everything. */
  unsent(unsent: Waiting | null): void {
    const said = unsent && `${unsent.changes} ${unsent.words} ${unsent.version}`;
    if (said === this.#said) return;
    this.#said = said;
    this.#later((page) => ({ ...page, unsent: unsent && entry(unsent, page.unsent?.since ?? Date.now()) }));
  }

  /** What was typed into other pages, and waits here, is sent from this one. */
  sendOthers(journal: Journal, post: Post): Promise<Sent[]> {
    return sendWaiting(this.book, journal, this.#key[0], post, this.#key);
  }

  /** Write nothing more: the person signed out. */
  stop(): void {
    this.#stopped = true;
    this.#change = null;
    clearTimeout(this.#timer);
  }

  #later(change: (page: KeptPage) => KeptPage): void {
    if (this.#stopped) return;
    const before = this.#change;
    this.#change = before ? (page) => change(before(page)) : change;
    this.#timer ??= setTimeout(() => void this.flush(), SETTLE_MILLISECONDS);
  }

  /** Write now. A device that is full keeps what it has. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const change = this.#change;
    this.#change = null;
    if (!change) return;
    try {
      const gone = await this.book.write(this.#key, change);
      for (const page of gone) await erasePage(this.book, this.drawer, page);
    } catch (error) {
      console.warn("prdgen: the page could not be noted as kept", error);
    }
  }
}
