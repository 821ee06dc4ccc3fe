/** Why the text does not reach its file or its commit just now: asked now and then, said calmly. */
import { ApiError, type Api } from "./api/http";
import type { EditorConfig } from "./config";
import { Ended, type End } from "./ended";
import type { Keeping } from "./kept/keeping";
import { asking, goOn, type Lying } from "./renamed";
import type { Notices } from "./ui/notices";

const TICK_MILLISECONDS = 1_200;
const CALM_MILLISECONDS = 8_000;
/** So long after typing the file may still be waited for. */
const LIVELY_MILLISECONDS = 4_000;

/** Is it time to ask? Often while something is in the way or was typed, to be told at once; else now and then. */
export function due(now: number, asked: number, stirred: number, said: boolean): boolean {
  return said || now - stirred < LIVELY_MILLISECONDS || now - asked >= CALM_MILLISECONDS;
}

/** The part of the server's answer that is looked at. */
export interface Status extends Lying {
  /** A merge or rebase under way, a file that cannot be written, a deleted page. */
  readonly paused?: string | null;
  /** What the repository's own hooks said to the last commit. */
  readonly refused?: string | null;
  /** Why this person may not write here, by now; null: they may. */
  readonly may_not_write?: string | null;
  /** The draft the page is in is over. */
  readonly ended?: End | null;
}

/** What is to be said of a status; null: nothing. */
export function spoken({ paused, refused, ended }: Status): string | null {
  if (refused) return `The repository did not take the last commit; the text is kept here. It says: ${refused}`;
  if (paused && ended?.branch_stays !== false) return `The text is stored here, but not written to its file now: ${paused}`;
  return null;
}

/** What is said to who could write here when the page was opened, and may not any more; null: nothing. */
export function forbidden({ may_not_write }: Status): string | null {
  if (!may_not_write) return null;
  return `You may not write here any more: ${may_not_write}. What you type now is kept on this device, and sent to nobody until you may.`;
}

export class Paused {
  #forbidden: string | null = null;
  #said: string | null = null;
  #asked = -Infinity;
  #stirred = -Infinity;
  readonly #ended: Ended;

  constructor(
    private readonly api: Api,
    private readonly config: EditorConfig,
    private readonly notices: Notices,
    private readonly keeping: Keeping | null,
  ) {
    this.#ended = new Ended(notices, config.canWrite);
  }

  /** One at work; null: there is no document to ask about. */
  static of(config: EditorConfig, api: Api, notices: Notices, keeping: Keeping | null): Paused | null {
    if (!config.statusUrl || !config.documentUrl) return null;
    const paused = new Paused(api, config, notices, keeping);
    paused.start();
    return paused;
  }

  /** Is what happened said here, with what it keeps the text from? */
  says(type: string): boolean {
    return this.config.canWrite && type === "prd.deleted";
  }

  /** Ask from now on, while the tab is looked at. */
  start(): void {
    setInterval(() => {
      const lively = due(performance.now(), this.#asked, this.#stirred, this.#said !== null || this.#forbidden !== null);
      if (lively && document.visibilityState === "visible") void this.ask();
    }, TICK_MILLISECONDS);
    void this.ask();
  }

  /** Something happened to the page: its file may not take it. */
  stirred(): void {
    this.#stirred = performance.now();
  }

  /** Something was typed. */
  typed(): void {
    this.stirred();
    this.#ended.typed();
  }

  /** Ask whether the page's draft goes on: it was not merged, closed or deleted. */
  async goesOn(): Promise<boolean> {
    await this.ask();
    return !this.#ended.over;
  }

  /** Ask now. No answer says nothing: the connection has words of its own. */
  async ask(): Promise<void> {
    this.#asked = performance.now();
    let words: string | null;
    try {
      const found = await this.api.get<Status>(asking(this.config));
      goOn(this.config, found, this.keeping, this.notices);
      this.#ended.heard(found.ended ?? null);
      this.#forbid(this.config.canWrite ? forbidden(found) : null);
      words = this.config.canWrite ? spoken(found) : null;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return;
    }
    if (words === this.#said) return;
    this.#said = words;
    if (words === null) this.notices.clear("paused");
    else this.notices.show(words, { kind: "warn", name: "paused" });
  }

  #forbid(words: string | null): void {
    if (words === this.#forbidden) return;
    this.#forbidden = words;
    if (words === null) this.notices.clear("forbidden");
    else this.notices.show(words, { kind: "bad", name: "forbidden", actions: [{ text: "Open it to read", act: () => location.reload() }] });
  }
}
