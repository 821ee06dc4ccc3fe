/** From a retired document to the one that follows it: no flash, no lost letter, cursor and undo stay. */
import type { DocHandle } from "@automerge/automerge-repo/slim";
import type { PageDocument } from "./binding/document";
import type { Live } from "./live";
import type { Page } from "./page";
import type { Rescue } from "./rescue";
import { knows } from "./sync/unsent";

const PATIENCE_MILLISECONDS = 3_000;
const AGAIN_MILLISECONDS = 2_000;

/** Goes on with the next document as soon as it has everything that was typed into this one. */
export class Succession {
  #next: DocHandle<PageDocument> | null = null;
  #moving = false;

  constructor(
    private readonly live: Live,
    private readonly rescue: Rescue,
    private readonly page: () => Page | null,
  ) {}

  /** The server retired the document: `next` follows it. */
  follow(next: DocHandle<PageDocument>): void {
    this.#next = next;
    void this.tryNow();
  }

  /** Also called when there is a page, and when the server is there again. */
  async tryNow(): Promise<void> {
    const { live } = this;
    const [next, page] = [this.#next, this.page()];
    if (!next || !page || this.#moving) return;
    this.#moving = true;
    try {
      if (live.typed && !(await this.#handOver(next))) {
        setTimeout(() => void this.tryNow(), AGAIN_MILLISECONDS);
        return;
      }
      page.follow(next);
      this.#next = null;
    } finally {
      this.#moving = false;
    }
  }

  /**
   * What was typed here may have come after the document's end: the server takes it over from the
   * bytes. Until the next document has it, what is typed waits on the screen. Gives whether it has;
   * if not, typing goes on in this document and it is tried again when the server is there.
   */
  async #handOver(next: DocHandle<PageDocument>): Promise<boolean> {
    const { live } = this;
    live.flush();
    live.binding?.hold();
    const heads = await this.rescue.handOver(live.session.documentUrl, live.session.bytes());
    if (heads && (await arrived(next, heads))) return true;
    live.binding?.release();
    return false;
  }
}

/** Wait for a version of the document; gives whether it came in time. */
async function arrived(handle: DocHandle<PageDocument>, heads: readonly string[]): Promise<boolean> {
  const has = (): boolean => heads.every((head) => knows(handle.doc(), head));
  const until = performance.now() + PATIENCE_MILLISECONDS;
  while (!has() && performance.now() < until) await new Promise((soon) => setTimeout(soon, 10));
  return has();
}
