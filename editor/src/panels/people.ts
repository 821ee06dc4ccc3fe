/** The faces of the people in the page; a click goes to where they are. */
import { initials, people, type Guest, type Roster } from "../presence/roster";
import type { Person } from "../config";
import { button, fill, h } from "../ui/dom";

const MOST_FACES = 5;

export class PeopleBar {
  readonly element = h("div", { class: "people", role: "group", "aria-label": "People in this page" });

  constructor(private readonly me: Person, private readonly jump: (guest: Guest) => void) {
    this.show(new Map());
  }

  show(roster: Roster): void {
    const guests = people(roster);
    const others = guests.filter((guest) => guest.person.id !== this.me.id);
    const tabs = guests.filter((guest) => guest.person.id === this.me.id);
    const faces = [...others, ...tabs].slice(0, MOST_FACES).map((guest) => this.#face(guest));
    const count = 1 + others.length;
    const words = count === 1 ? "Only you" : `${count} people`;
    fill(this.element, ...faces, h("span", { class: "people-count", title: names(this.me, others) }, words));
  }

  #face(guest: Guest): HTMLElement {
    const mine = guest.person.id === this.me.id;
    const label = mine ? "You, in another tab: go there" : `Go to ${guest.person.name}`;
    const face = button(initials(guest.person.name), () => this.jump(guest), {
      class: "face", title: label, "aria-label": label,
    });
    face.style.setProperty("--person", guest.person.color);
    return face;
  }
}

function names(me: Person, others: readonly Guest[]): string {
  return [`${me.name} (you)`, ...others.map((guest) => guest.person.name)].join(", ");
}
