/** Why the text does not reach its file or its commit just now: asked now and then, said calmly. */
import { ApiError, type Api } from "./api/http";
import type { Notices } from "./ui/notices";

const EVERY_MILLISECONDS = 8_000;

/** The part of the server's answer that is looked at. */
export interface Status {
  /** A merge or rebase under way, a file that cannot be written, a deleted page. */
  readonly paused?: string | null;
  /** What the repository's own hooks said to the last commit. */
  readonly refused?: string | null;
}

/** What is to be said of a status; null: nothing. */
export function spoken({ paused, refused }: Status): string | null {
  if (refused) return `The repository did not take the last commit; the text is kept here. It says: ${refused}`;
  if (paused) return `The text is stored here, but not written to its file now: ${paused}`;
  return null;
}

export class Paused {
  #said: string | null = null;

  constructor(
    private readonly api: Api,
    private readonly url: string,
    private readonly notices: Notices,
  ) {}

  /** Ask from now on, while the tab is looked at. */
  start(): void {
    setInterval(() => {
      if (document.visibilityState === "visible") void this.ask();
    }, EVERY_MILLISECONDS);
    void this.ask();
  }

  /** Ask now. No answer says nothing: the connection has words of its own. */
  async ask(): Promise<void> {
    let words: string | null;
    try {
      words = spoken(await this.api.get<Status>(this.url));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return;
    }
    if (words === this.#said) return;
    this.#said = words;
    if (words === null) this.notices.clear("paused");
    else this.notices.show(words, { kind: "warn", name: "paused" });
  }
}
