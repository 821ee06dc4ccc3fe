/** Text that cannot reach the server as changes is carried there whole; it is never dropped here. */
import type { StorageAdapterInterface } from "@automerge/automerge-repo/slim";
import { ApiError, type Api } from "./api/http";
import type { EditorConfig } from "./config";
import { forget, sendLate, storedHere, type LateAnswer } from "./sync/late";
import type { Journal } from "./sync/journal";
import type { Registry } from "./sync/registry";
import type { Notices } from "./ui/notices";

const MOST_TRIES = 3;

export class Rescue {
  /** The text is safe and the page is on its way to it: no question when it is left. */
  leaving = false;
  #settling: Promise<void> | null = null;

  constructor(
    private readonly config: EditorConfig,
    private readonly api: Api,
    private readonly registry: Registry,
    private readonly journal: Journal,
    private readonly storage: StorageAdapterInterface | undefined,
    private readonly notices: Notices,
  ) {}

  /** A document of this page that was retired while this device was away is remembered as owed. */
  note(): void {
    const { branch, pagePath, documentUrl } = this.config;
    const remembered = this.registry.find(branch, pagePath);
    if (remembered && remembered.documentUrl !== documentUrl) {
      this.registry.owe(branch, pagePath, remembered.documentUrl);
    }
  }

  /** Send what is owed from before; what cannot be sent now stays owed. One at a time. */
  settle(): Promise<void> {
    this.#settling ??= this.#settleAll().finally(() => (this.#settling = null));
    return this.#settling;
  }

  async #settleAll(): Promise<void> {
    const { branch, pagePath, documentUrl } = this.config;
    for (const owed of this.registry.owed(branch, pagePath)) {
      if (owed !== documentUrl && this.storage) await this.#settleOne(owed, this.storage);
    }
  }

  async #settleOne(owed: string, storage: StorageAdapterInterface): Promise<void> {
    const { branch, pagePath } = this.config;
    const here = await storedHere(storage, this.journal, owed);
    let answer: LateAnswer | null = null;
    try {
      if (here) answer = await this.#send(owed, here);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const words = "Text you typed here before is kept on this device and will be sent later.";
      this.notices.show(`${words} (${error.message})`, { kind: "warn", name: "owed" });
      return;
    }
    this.notices.clear("owed");
    if (here) await forget(storage, this.journal, owed);
    this.registry.paid(branch, pagePath, owed);
    if (answer) this.#tell(answer);
  }

  /**
   * Give the server all of a document that was retired; the heads of the one that follows, once it
   * has the text. Null when that did not work now, or the text went elsewhere.
   */
  async handOver(documentUrl: string, bytes: Uint8Array): Promise<readonly string[] | null> {
    try {
      const answer = await this.#send(documentUrl, bytes);
      const { branch, pagePath } = this.config;
      this.registry.paid(branch, pagePath, documentUrl);
      return answer.heads.length > 0 ? answer.heads : null;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      console.warn("prdgen: the page goes on in its old document for now", error.message);
      return null;
    }
  }

  /**
   * Send the open document's bytes and go where its text is; gives whether that worked. Once the server has
   * them, `freeze` lets nothing more be typed, and what was typed meanwhile is sent as well.
   */
  async carry(documentUrl: string, bytes: () => Uint8Array, why: string, freeze: (on: boolean) => void): Promise<boolean> {
    if (!this.#mayTry(documentUrl)) {
      const words = `${why} Your text is kept on this device; download it with the menu “More”.`;
      this.notices.show(words, { kind: "bad", name: "rescue" });
      return false;
    }
    try {
      let sent = bytes();
      let answer = await this.#send(documentUrl, sent);
      freeze(true);
      for (let now = bytes(); !equal(now, sent); now = bytes()) {
        sent = now;
        answer = await this.#send(documentUrl, sent);
      }
      if (this.storage) await forget(this.storage, this.journal, documentUrl);
      this.leaving = true;
      location.assign(answer.edit);
      return true;
    } catch (error) {
      freeze(false);
      if (!(error instanceof ApiError)) throw error;
      const words = `${why} Your text is kept on this device. ${error.message}`;
      this.notices.show(words, { kind: "bad", name: "rescue" });
      return false;
    }
  }

  #send(documentUrl: string, bytes: Uint8Array): Promise<LateAnswer> {
    return sendLate(this.api, this.config.lateUrl, documentUrl, this.config, bytes);
  }

  #tell(answer: LateAnswer): void {
    const elsewhere = new URL(answer.edit, location.href).pathname !== location.pathname;
    const words = elsewhere
      ? "Text you typed before this page moved on is kept as a draft."
      : "Text you typed before this page moved on is in the page now.";
    const link = elsewhere ? { link: { href: answer.edit, text: "Open it" } } : {};
    this.notices.show(words, { name: "late", ...link });
  }

  // A document that is refused again and again must not make the page reload for ever.
  #mayTry(documentUrl: string): boolean {
    const key = `prdgen.rescued:${documentUrl}`;
    const tries = Number(sessionStorage.getItem(key) ?? "0") + 1;
    sessionStorage.setItem(key, String(tries));
    return tries <= MOST_TRIES;
  }
}

function equal(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
