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
    const page = this.page();
    if (!this.#next || !page || this.#moving) return;
    this.#moving = true;
    try {
      if (live.typed && !(await this.#handOver())) {
        setTimeout(() => void this.tryNow(), AGAIN_MILLISECONDS);
        return;
      }
      page.follow(this.#next);
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
  async #handOver(): Promise<boolean> {
    const { live } = this;
    live.flush();
    live.binding?.hold();
    const heads = await this.rescue.handOver(live.session.documentUrl, live.session.bytes());
    if (heads && (await this.#reach(heads))) return true;
    live.binding?.release();
    return false;
  }

  /**
   * From document to document until one has this version: several may have ended while this device was
   * away, and the server puts late text into the last. Gives whether one has it in time; if not, the
   * next try begins where this one came to.
   */
  async #reach(heads: readonly string[]): Promise<boolean> {
    const until = performance.now() + PATIENCE_MILLISECONDS;
    while (!heads.every((head) => knows(this.#next!.doc(), head))) {
      const { successor } = this.#next!.doc();
      const soon = successor ? this.live.session.open(successor) : pause(10);
      const next = await Promise.race([soon, pause(Math.max(0, until - performance.now()))]);
      if (next) this.#next = next;
      else if (performance.now() >= until) return false;
    }
    return true;
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((over) => setTimeout(over, milliseconds));
}
