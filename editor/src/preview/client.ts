/** The server's rendering of the text: a moment after typing stops, the latest wins. */
import { ApiError, type Api } from "../api/http";

export interface Problem {
  readonly line: number;
  readonly message: string;
  readonly hint?: string;
}

export interface Heading {
  readonly level: number;
  readonly text: string;
  readonly slug: string;
  readonly line: number;
}

export interface Preview {
  readonly html: string;
  readonly problems: readonly Problem[];
  readonly outline: readonly Heading[];
}

export interface PreviewEvents {
  shown(preview: Preview): void;
  /** The preview on the page is not of the present text; null: it is again. */
  trouble(words: string | null): void;
}

export const DEBOUNCE_MILLISECONDS = 200;
const AGAIN_MILLISECONDS = 3_000;
/** A page whose preview takes long is previewed less often: at most this share of the time goes into it. */
const SHARE = 1 / 4;

/** Asks for previews; never two at once, never an old one after a new one. */
export class PreviewClient {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #abort: AbortController | null = null;
  #shown: string | null = null;
  /** Milliseconds the last one took to be put on the page. */
  #cost = 0;

  constructor(
    private readonly api: Pick<Api, "post">,
    private readonly url: string,
    private readonly page: { readonly branch: string; readonly pagePath: string },
    private readonly text: () => string,
    private readonly events: PreviewEvents,
  ) {}

  /** The text changed. */
  changed(wait = DEBOUNCE_MILLISECONDS): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.refresh(), wait === 0 ? 0 : Math.max(wait, this.#cost / SHARE));
  }

  /** Ask now. */
  async refresh(): Promise<void> {
    clearTimeout(this.#timer);
    const text = this.text();
    if (text === this.#shown) return;
    this.#abort?.abort();
    const abort = new AbortController();
    this.#abort = abort;
    try {
      const body = { branch: this.page.branch, page_path: this.page.pagePath, text };
      const preview = await this.api.post<Preview>(this.url, body, abort.signal);
      if (abort.signal.aborted) return;
      this.#shown = text;
      this.events.trouble(null);
      const began = performance.now();
      this.events.shown(preview);
      this.#cost = performance.now() - began;
    } catch (error) {
      if (!abort.signal.aborted) this.#failed(error);
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#abort?.abort();
  }

  #failed(error: unknown): void {
    if (!(error instanceof ApiError)) throw error;
    this.events.trouble(
      error.status === 0 ? "The preview waits for the server." : `No preview: ${error.message}`);
    if (error.status === 0 || error.status >= 500) this.changed(AGAIN_MILLISECONDS);
  }
}
