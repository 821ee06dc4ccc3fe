/** Who is in the page: a pure book of heartbeats. */
import type { Person } from "../config";

export const HEARTBEAT_MILLISECONDS = 3_000;
export const GONE_MILLISECONDS = 10_000;

/** Who typed counts as typing for so long. */
export const TYPING_MILLISECONDS = 3_000;

const COLOR = /^#[0-9a-f]{3,8}$/i;
const PLAIN = "#6b7280";

/** What an editor tells the others; positions are Automerge cursors, which text cannot shift. */
export interface Hello {
  readonly type: "presence";
  readonly peer: string;
  readonly person: Person;
  readonly selection: { readonly anchor: string; readonly head: string } | null;
  readonly leaving?: boolean;
  /** Something was typed a moment ago. */
  readonly typing?: boolean;
  /** The selection as lines and columns, from 1: for those who hear of it outside of editors. */
  readonly place?: { readonly from: readonly [number, number]; readonly to: readonly [number, number] } | null;
}

/** Someone else's open editor. */
export interface Guest {
  readonly peer: string;
  readonly person: Person;
  readonly selection: { readonly anchor: string; readonly head: string } | null;
  readonly heardAt: number;
  /** When they were last said to be typing; null: they are not. */
  readonly typingAt: number | null;
  /** The server says that this editor is connected, and whose it is. */
  readonly vouched: boolean;
}

/** The server's list of everyone who is connected; the only word on who is who. */
export interface People {
  readonly type: "people";
  readonly people: readonly {
    readonly peerId: string;
    readonly personId: string | null;
    readonly name: string;
    readonly color: string;
  }[];
}

export type Roster = ReadonlyMap<string, Guest>;

/** Is this message of ours, and whole? Anyone who may open the page can send anything. */
export function isHello(message: unknown): message is Hello {
  const hello = message as Partial<Hello> | null;
  return (
    typeof hello === "object" && hello !== null && hello.type === "presence" &&
    typeof hello.peer === "string" && typeof hello.person?.name === "string" &&
    typeof hello.person.id === "string" && COLOR.test(hello.person.color ?? "")
  );
}

/** Is this the server's list? */
export function isPeople(message: unknown): message is People {
  const people = message as Partial<People> | null;
  return typeof people === "object" && people !== null && people.type === "people" && Array.isArray(people.people);
}

/** The book after a message. Who the server vouches for keeps the name the server gave. */
export function heard(roster: Roster, hello: Hello, now: number): Roster {
  const next = new Map(roster);
  const { peer, selection } = hello;
  const known = next.get(peer);
  const news = { selection, heardAt: now, typingAt: hello.typing === true ? now : null };
  if (hello.leaving) next.delete(peer);
  else if (known?.vouched) next.set(peer, { ...known, ...news });
  else next.set(peer, { peer, person: named(hello.person), ...news, vouched: false });
  return next;
}

/** The book after the server's list: exactly those, with what they said of their places; not oneself. */
export function listed(roster: Roster, people: People, self: string, now: number): Roster {
  const others = people.people.filter((one) => one.peerId !== self);
  return new Map(others.map(({ peerId: peer, personId, name, color }) => {
    const known = roster.get(peer);
    const person = named({ id: personId ?? peer, name, color });
    const { selection = null, heardAt = now, typingAt = null } = known ?? {};
    return [peer, { peer, person, selection, heardAt, typingAt, vouched: true }];
  }));
}

/**
 * The book without those who were not heard for ten seconds; of those the server vouches for only the
 * place is gone. The same book when nothing changed.
 */
export function withoutGone(roster: Roster, now: number): Roster {
  const silent = [...roster.values()].filter((guest) => now - guest.heardAt > GONE_MILLISECONDS);
  const changed = silent.filter((guest) => !guest.vouched || guest.selection !== null);
  if (changed.length === 0) return roster;
  const next = new Map(roster);
  for (const guest of changed) {
    if (guest.vouched) next.set(guest.peer, { ...guest, selection: null });
    else next.delete(guest.peer);
  }
  return next;
}

function named(person: Person): Person {
  const color = COLOR.test(person.color) ? person.color : PLAIN;
  return { id: person.id, name: person.name.slice(0, 80), color };
}

/** Did they type a moment ago? */
export function isTyping({ typingAt }: Guest, now: number): boolean {
  return typingAt !== null && now - typingAt < TYPING_MILLISECONDS;
}

/** Who of others is typing, each once, by name. */
export function typists(roster: Roster, self: string, now: number): readonly string[] {
  const found = [...roster.values()].filter((guest) => guest.person.id !== self && isTyping(guest, now));
  return [...new Map(found.map(({ person }) => [person.id, person.name])).values()].sort();
}

/** The people, each once however many tabs they have, in the order of their names. */
export function people(roster: Roster): readonly Guest[] {
  const each = new Map<string, Guest>();
  for (const guest of roster.values()) {
    const known = each.get(guest.person.id);
    if (!known || known.heardAt < guest.heardAt) each.set(guest.person.id, guest);
  }
  return [...each.values()].sort((a, b) => a.person.name.localeCompare(b.person.name));
}

/** `AL` for Ada Lovelace, `A` for Ada. */
export function initials(name: string): string {
  const parts = name.trim().split(/\s+/).filter(Boolean);
  const letters = parts.length > 1 ? [parts[0]!, parts.at(-1)!] : parts;
  return letters.map((part) => [...part][0]!.toUpperCase()).join("") || "?";
}
