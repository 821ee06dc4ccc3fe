/** The faces of the people in the page; a click goes to where they are, and along with them. */
import { initials, people, typists, type Guest, type Roster } from "../presence/roster";
import type { Person } from "../config";
import { button, fill, h } from "../ui/dom";

const MOST_FACES = 5;
const MOST_TYPISTS = 2;

export class PeopleBar {
  readonly element = h("div", { class: "people", role: "group", "aria-label": "People in this page" });
  #roster: Roster = new Map();
  #followed: Guest | null = null;

  constructor(
    private readonly me: Person,
    private readonly jump: (guest: Guest) => void,
    private readonly stop: () => void,
  ) {
    this.show(new Map());
  }

  /** Somebody is followed now, or nobody. */
  follow(guest: Guest | null): void {
    this.#followed = guest;
    this.show(this.#roster);
  }

  show(roster: Roster): void {
    this.#roster = roster;
    const guests = people(roster);
    const others = guests.filter((guest) => guest.person.id !== this.me.id);
    const tabs = guests.filter((guest) => guest.person.id === this.me.id);
    const writing = new Set(typists(roster, this.me.id, Date.now()));
    const faces = [...others, ...tabs].slice(0, MOST_FACES).map((guest) => this.#face(guest, writing));
    // A key press on a face must not lose its place when the faces are drawn anew.
    const focused = this.element.contains(document.activeElement) ? document.activeElement!.getAttribute("data-peer") : null;
    fill(this.element, ...faces, this.#words(others, [...writing]));
    if (focused) this.element.querySelector<HTMLElement>(`[data-peer="${CSS.escape(focused)}"]`)?.focus();
  }

  #words(others: readonly Guest[], writing: readonly string[]): HTMLElement {
    const followed = this.#followed;
    if (followed) {
      const label = `Stop following ${followed.person.name} (Esc)`;
      return button(`Following ${followed.person.name} ✕`, this.stop, { class: "small following", title: label, "aria-label": label });
    }
    const count = 1 + others.length;
    const words = writing.length > 0 ? typingWords(writing) : count === 1 ? "Only you" : `${count} people`;
    return h("span", { class: "people-count", title: names(this.me, others) }, words);
  }

  #face(guest: Guest, writing: ReadonlySet<string>): HTMLElement {
    const { id, name, color } = guest.person;
    const label = id === this.me.id ? "You, in another tab: go there" : `Go to ${name} and follow`;
    const face = button(initials(name), () => this.jump(guest), {
      class: writing.has(name) ? "face typing" : "face", title: label, "aria-label": label,
      "aria-pressed": String(this.#followed?.peer === guest.peer), "data-peer": guest.peer,
    });
    face.style.setProperty("--person", color);
    return face;
  }
}

/** `Bob is typing…`, `Bob and Cleo are typing…`, `3 people are typing…`. */
export function typingWords(names: readonly string[]): string {
  if (names.length > MOST_TYPISTS) return `${names.length} people are typing…`;
  return names.length === 1 ? `${names[0]} is typing…` : `${names.join(" and ")} are typing…`;
}

function names(me: Person, others: readonly Guest[]): string {
  return [`${me.name} (you)`, ...others.map((guest) => guest.person.name)].join(", ");
}
