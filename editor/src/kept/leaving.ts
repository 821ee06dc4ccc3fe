/** Signing out takes away what this device keeps; text that is nowhere else is asked about first. */
import type { Person } from "../config";
import { ask } from "./ask";
import type { Book, KeptPage } from "./book";
import { erasePerson, type Drawer } from "./erase";
import { addressOf } from "./place";
import { tell } from "./tabs";
import { amount } from "./words";

const OTHERS_MILLISECONDS = 150;

/** Look after the form that signs out. */
export function guardSigningOut(
  form: HTMLFormElement, book: Book | null, drawer: Drawer | null, person: Person, send: () => Promise<void>,
): void {
  let done = false;
  form.addEventListener("submit", (event) => {
    if (done) return;
    event.preventDefault();
    void send().then(() => leave(book, drawer, person)).then((goes) => {
      if (!goes) return;
      done = true;
      form.requestSubmit();
    });
  });
}

/** Ask when it is needed, and take everything away; gives whether the person signs out. */
async function leave(book: Book | null, drawer: Drawer | null, person: Person): Promise<boolean> {
  const unsent = ((await book?.list(person.id)) ?? []).filter((page) => page.unsent);
  if (unsent.length > 0 && !(await sure(unsent))) return false;
  tell({ type: "signed-out", personId: person.id });
  // What other tabs have under way is written before, or not at all.
  await new Promise((soon) => setTimeout(soon, OTHERS_MILLISECONDS));
  await erasePerson(book, drawer, person.id);
  return true;
}

async function sure(unsent: readonly KeptPage[]): Promise<boolean> {
  const named = unsent.map((page) => `${page.title} (${amount(page.unsent!)})`).join(", ");
  const words = `Only this device has it: ${named}. Signing out would delete it. Open the page and wait for “Saved” to send it first.`;
  const given = await ask("Some of your text is not on the server yet", words, [
    { label: unsent.length === 1 ? "Open the page" : `Open ${unsent[0]!.title}`, value: "open" as const, kind: "primary" },
    { label: "Stay signed in", value: "stay" as const },
    { label: "Sign out and delete it", value: "leave" as const, kind: "danger" },
  ]);
  if (given === "open") location.assign(addressOf("edit", unsent[0]!.branch, unsent[0]!.pagePath));
  return given === "leave";
}
