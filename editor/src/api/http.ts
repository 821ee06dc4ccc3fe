/** Calls to the server's JSON API; errors come as RFC 9457 problem details. */

/** The server said no, or could not be reached (`status` 0). */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number,
    /** What to do now, when the server knows. */
    readonly cure: string | null = null,
  ) {
    super(message);
  }
}

interface Problem {
  readonly title?: string;
  readonly detail?: string;
  readonly cure?: string;
}

/** An answer's body; one that was cut off is no answer. */
async function whole<T>(body: Promise<T>): Promise<T> {
  try {
    return await body;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError("The server's answer was cut off.", 0);
  }
}

/** Browsers send no more than this of a page that is gone. */
const MOST_KEPT_ALIVE = 60_000;

export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

/** The API as this signed-in person. */
export class Api {
  constructor(
    private csrfToken: string,
    private readonly fetching: Fetch = (url, init) => fetch(url, init),
    /** The token of the session there is now: whoever signed in again has another one. */
    private readonly renew: () => Promise<string | null> = async () => null,
  ) {}

  /** GET JSON. */
  async get<T>(url: string): Promise<T> {
    const response = await this.#call(url, { headers: { Accept: "application/json" } });
    return whole(response.json() as Promise<T>);
  }

  /** GET text. */
  async text(url: string): Promise<string> {
    return whole((await this.#call(url, {})).text());
  }

  /** POST JSON, get JSON. */
  async post<T>(url: string, body: unknown, signal?: AbortSignal): Promise<T> {
    return this.#post<T>(url, JSON.stringify(body), "application/json", signal);
  }

  /** POST bytes, get JSON. */
  async send<T>(url: string, bytes: Uint8Array): Promise<T> {
    return this.#post<T>(url, new Uint8Array(bytes), "application/octet-stream");
  }

  /** POST bytes while the page goes away; nobody waits for the answer, and it may not be sent at all. */
  leave(url: string, bytes: Uint8Array): void {
    if (bytes.length > MOST_KEPT_ALIVE) return;
    const headers = { "Content-Type": "application/octet-stream", "X-CSRF-Token": this.csrfToken };
    const init = { method: "POST", headers, body: new Uint8Array(bytes), keepalive: true, credentials: "same-origin" as const };
    this.fetching(url, init).catch(() => {}); // it is on this device, too
  }

  async #post<T>(url: string, body: BodyInit, type: string, signal?: AbortSignal): Promise<T> {
    const send = (): Promise<Response> => {
      const headers = {
        Accept: "application/json", "Content-Type": type, "X-CSRF-Token": this.csrfToken,
      };
      return this.#call(url, { method: "POST", headers, body, ...(signal ? { signal } : {}) });
    };
    if (this.csrfToken === "") await this.#findToken();
    const response = await send().catch(async (error: unknown) => {
      const token = error instanceof ApiError && error.status === 403 ? await this.renew() : null;
      if (!token || token === this.csrfToken) throw error;
      this.csrfToken = token;
      return send();
    });
    return (response.status === 204 ? {} : await whole(response.json())) as T;
  }

  /** A page that was opened without the server has no token yet. */
  async #findToken(): Promise<void> {
    const token = await this.renew();
    if (!token) throw new ApiError("The server cannot be reached.", 0);
    this.csrfToken = token;
  }

  async #call(url: string, init: RequestInit): Promise<Response> {
    let response: Response;
    try {
      response = await this.fetching(url, { credentials: "same-origin", ...init });
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") throw error;
      throw new ApiError("The server cannot be reached.", 0);
    }
    if (!response.ok) throw await problem(response);
    return response;
  }
}

async function problem(response: Response): Promise<ApiError> {
  const type = response.headers.get("Content-Type") ?? "";
  const said = type.includes("json") ? ((await response.json()) as Problem) : {};
  const words = said.detail ?? said.title ?? `The server answered ${response.status}.`;
  return new ApiError(words, response.status, said.cure ?? null);
}
