/** The shell in the cache: one cache for each version of it; the one before stays for tabs that are open. */
import { editorParts, renewed, shellParts } from "./rules";

const PREFIX = "prdgen-shell-";
const PAGE = "/offline";
/** Whether this device opens the editor without the server: then each new version brings it along. */
const WANTS_EDITOR = "/offline?editor";

export class Shell {
  readonly #name: string;

  constructor(version: string, private readonly caching: CacheStorage = caches) {
    this.#name = PREFIX + version;
  }

  /** Fetch the shell and what it names. Fails when it is not whole; the browser tries again later. */
  async install(): Promise<void> {
    const answer = await fetch(PAGE, { credentials: "same-origin", cache: "no-store" });
    const html = await answer.clone().text();
    if (!answer.ok || answer.redirected || !html.includes("data-editor-parts")) {
      throw new Error(`prdgen: no shell at ${PAGE} (${answer.status})`);
    }
    const wanted = await this.#wantsEditor();
    const cache = await this.caching.open(this.#name);
    await cache.addAll(shellParts(html));
    await cache.put(PAGE, answer);
    if (wanted) await this.keepEditor();
  }

  /** From now on the editor is here, too. */
  async keepEditor(): Promise<void> {
    const cache = await this.caching.open(this.#name);
    const html = await (await cache.match(PAGE))?.text();
    if (html === undefined || (await cache.match(WANTS_EDITOR))) return;
    await cache.addAll(editorParts(html));
    await cache.put(WANTS_EDITOR, new Response("yes"));
  }

  /** Drop what is older than the version before this one. */
  async tidy(): Promise<void> {
    const names = (await this.caching.keys()).filter((name) => name.startsWith(PREFIX));
    const old = names.filter((name) => name !== this.#name).slice(0, -1);
    for (const name of old) await this.caching.delete(name);
  }

  /** A hashed file: from here, or fetched and kept. */
  async asset(request: Request): Promise<Response> {
    const options = { ignoreVary: true };
    for (const name of await this.#newestFirst()) {
      const found = await (await this.caching.open(name)).match(request, options);
      if (found) return found;
    }
    const answer = await fetch(request);
    if (answer.ok && answer.type === "basic") {
      await (await this.caching.open(this.#name)).put(request, answer.clone());
    }
    return answer;
  }

  /** The page that works without the server, with a nonce of its own; null: it is not here. */
  async page(nonce: string): Promise<Response | null> {
    for (const name of await this.#newestFirst()) {
      const found = await (await this.caching.open(name)).match(PAGE);
      if (!found) continue;
      const headers = new Headers(found.headers);
      const fresh = renewed(await found.text(), headers.get("Content-Security-Policy") ?? "", nonce);
      headers.set("Content-Security-Policy", fresh.policy);
      headers.delete("Content-Encoding");
      headers.delete("Content-Length");
      return new Response(fresh.html, { headers });
    }
    return null;
  }

  async #wantsEditor(): Promise<boolean> {
    return (await this.caching.match(WANTS_EDITOR)) !== undefined;
  }

  async #newestFirst(): Promise<string[]> {
    const others = (await this.caching.keys()).filter((name) => name.startsWith(PREFIX) && name !== this.#name);
    return [this.#name, ...others.reverse()];
  }
}
