/** Presence over automerge-repo's ephemeral messages: a heartbeat, and news of one's cursor. */
import * as A from "@automerge/automerge/slim";
import type { DocHandle, DocHandleEphemeralMessagePayload } from "@automerge/automerge-repo/slim";
import { Tick, TICK_MILLISECONDS } from "../binding/tick";
import type { PageDocument } from "../binding/document";
import type { Person } from "../config";
import {
  HEARTBEAT_MILLISECONDS, TYPING_MILLISECONDS, heard, isHello, isPeople, isTyping, listed, withoutGone, type Guest, type Hello, type Roster,
} from "./roster";

export interface Place {
  readonly anchor: number;
  readonly head: number;
}

/** For so long after a key one is said to be typing. */
const STILL_MILLISECONDS = 1_500;

/** Says where this person is and hears where the others are. */
export class Channel {
  #roster: Roster = new Map();
  #handle: DocHandle<PageDocument> | null = null;
  #place: Place | null = null;
  #typedAt = Number.NEGATIVE_INFINITY;
  #still: ReturnType<typeof setTimeout> | undefined;
  #seen: ReturnType<typeof setTimeout> | undefined;
  readonly #tick = new Tick(TICK_MILLISECONDS, () => this.#say());
  readonly #beat: ReturnType<typeof setInterval>;

  constructor(
    private readonly peer: string,
    private readonly person: Person,
    /** An offset on the screen as an offset in the document's text. */
    private readonly inDocument: (offset: number) => number,
    /** An offset on the screen as line and column, from 1. */
    private readonly onPage: (offset: number) => readonly [number, number],
    private readonly changed: (roster: Roster) => void,
  ) {
    this.#beat = setInterval(() => this.#heartbeat(), HEARTBEAT_MILLISECONDS);
  }

  /** Listen on another document from now on. */
  follow(handle: DocHandle<PageDocument>): void {
    this.#handle?.off("ephemeral-message", this.#onMessage);
    this.#handle = handle;
    handle.on("ephemeral-message", this.#onMessage);
    this.#say();
  }

  /** This person's cursor is here now; null: the editor is not focused. */
  place(place: Place | null): void {
    this.#place = place;
    this.#tick.ask();
  }

  /** This person typed: said now, and taken back when they are still for a moment. */
  typed(): void {
    this.#typedAt = Date.now();
    clearTimeout(this.#still);
    this.#still = setTimeout(() => this.#tick.ask(), STILL_MILLISECONDS + 50);
    this.#tick.ask();
  }

  /** Tell the others at once (after a reconnection). */
  hello(): void {
    this.#tick.ask();
  }

  /** The connection is away: nobody knows who is in the page. */
  alone(): void {
    if (this.#roster.size > 0) this.#see(new Map());
  }

  leave(): void {
    clearInterval(this.#beat);
    clearTimeout(this.#still);
    clearTimeout(this.#seen);
    this.#tick.stop();
    this.#send({ leaving: true });
  }

  /** Where a guest is in the document's text, or null when their text has not arrived. */
  locate(guest: Guest): Place | null {
    const handle = this.#handle;
    if (!handle?.isReady() || !guest.selection) return null;
    const doc = handle.doc();
    try {
      return {
        anchor: A.getCursorPosition(doc, ["content"], guest.selection.anchor),
        head: A.getCursorPosition(doc, ["content"], guest.selection.head),
      };
    } catch {
      return null; // their cursor stands in text that is still on its way; the next message tells
    }
  }

  // The server makes sure of `senderId`; what a message says of itself is not believed.
  readonly #onMessage = ({ senderId, message }: DocHandleEphemeralMessagePayload<PageDocument>): void => {
    if (isPeople(message)) this.#see(listed(this.#roster, message, this.peer, Date.now()));
    else if (isHello(message) && senderId !== this.peer) {
      this.#see(heard(this.#roster, { ...message, peer: senderId }, Date.now()));
    }
  };

  /** Whoever is new here has not heard of this editor's place yet: it is said again. */
  #see(roster: Roster): void {
    if ([...roster.keys()].some((peer) => !this.#roster.has(peer))) this.#tick.ask();
    this.#roster = roster;
    this.changed(roster);
    clearTimeout(this.#seen);
    const typing = [...roster.values()].some((guest) => isTyping(guest, Date.now()));
    // Said again when nobody types any more, whether or not a message comes.
    if (typing) this.#seen = setTimeout(() => this.#see(this.#roster), TYPING_MILLISECONDS);
  }

  #heartbeat(): void {
    this.#say();
    const left = withoutGone(this.#roster, Date.now());
    if (left !== this.#roster) this.#see(left);
  }

  #say(): void {
    this.#send({});
  }

  #send(extra: Partial<Hello>): void {
    const handle = this.#handle;
    if (!handle?.isReady()) return;
    const selection = this.#place ? this.#cursors(handle, this.#place) : null;
    const { peer, person } = this;
    const typing = Date.now() - this.#typedAt < STILL_MILLISECONDS;
    handle.broadcast({
      type: "presence", peer, person, selection, place: this.#lines(), ...(typing ? { typing } : {}), ...extra,
    } satisfies Hello);
  }

  #lines(): NonNullable<Hello["place"]> | null {
    if (!this.#place) return null;
    const { anchor, head } = this.#place;
    return { from: this.onPage(Math.min(anchor, head)), to: this.onPage(Math.max(anchor, head)) };
  }

  #cursors(handle: DocHandle<PageDocument>, place: Place): Hello["selection"] {
    const doc = handle.doc();
    const at = (shown: number): string => {
      const offset = this.inDocument(shown);
      return A.getCursor(doc, ["content"], offset >= doc.content.length ? "end" : offset);
    };
    return { anchor: at(place.anchor), head: at(place.head) };
  }
}
