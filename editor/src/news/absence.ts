/** The time without the server: when it began, what was here when it ended. */

/** A version of the page on this device. */
export interface Version {
  readonly documentUrl: string;
  readonly heads: readonly string[];
  readonly text: string;
}

export interface Absence {
  /** Milliseconds; null: not known (the text waited on the device from before). */
  readonly away: number | null;
  /** What was here when the server came back, with everything typed meanwhile. */
  readonly before: Version;
}

/** Shorter cuts are not worth a word. */
export const WORTH_MILLISECONDS = 10_000;

export class Away {
  #since: number | null = null;
  #known = false;
  #always = false;
  #before: Version | null = null;

  /** The server is away since `at` (null: longer than is known); `always`: worth a word however short. */
  gone(at: number | null, always = at === null): void {
    if (this.#known && this.#before === null) return;
    this.#always = always;
    this.#since = at;
    this.#known = true;
    this.#before = null;
  }

  /** The server is there again, and has not said anything yet. */
  back(version: Version): void {
    if (this.#known) this.#before ??= version;
  }

  /** Everything the server had is here; gives what it was like before, when it was away for long. */
  caughtUp(now: number): Absence | null {
    const [since, before] = [this.#since, this.#before];
    if (!this.#known || before === null) return null;
    this.#known = false;
    this.#before = null;
    const away = since === null ? null : now - since;
    return away !== null && !this.#always && away < WORTH_MILLISECONDS ? null : { away, before };
  }
}
