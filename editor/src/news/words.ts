/** What others did meanwhile, in a sentence. */
import { span } from "../kept/words";
import type { Changed } from "./sections";

/** Who wrote a change, as the server knows it. */
export interface Writer {
  readonly id: string | null;
  readonly name: string | null;
  /** `peer` (an editor), `file`, `commit`, `late` (what this or another device brought late), …: which way it came. */
  readonly origin: string;
}

const MOST_NAMES = 3;

/** `Bob`, `Bob and Cleo`, `Bob, Cleo and 2 more`. */
export function listed(names: readonly string[], most: number): string {
  const shown = names.length > most ? [...names.slice(0, most), `${names.length - most} more`] : [...names];
  const last = shown.pop();
  return shown.length > 0 ? `${shown.join(", ")} and ${last}` : (last ?? "");
}

/** Who they were, for the beginning of a sentence. */
export function who(writers: readonly Writer[], self: string): string {
  const others = writers.filter((one) => one.name && one.id !== self).map((one) => one.name!);
  const outside = writers.filter((one) => !one.id).map(({ origin }) =>
    origin === "file" ? "someone on disk" : origin === "commit" ? "someone with Git" : null);
  const mine = writers.some((one) => one.id === self && one.origin !== "late") ? ["you, elsewhere,"] : [];
  const names = [...new Set([...others, ...outside.filter((one) => one !== null), ...mine])];
  const words = names.length > 0 ? listed(names, MOST_NAMES) : "someone";
  return words[0]!.toUpperCase() + words.slice(1);
}

/** The sentence; `away` in milliseconds, null when it is not known. */
export function sentence(
  changed: readonly Changed[], writers: readonly Writer[], self: string, away: number | null,
): string {
  const when = away === null ? "Meanwhile" : `While you were away for ${span(away)}`;
  const parts = changed.map(({ title, how }) => {
    const name = title === "" ? "the beginning" : `“${title}”`;
    return how === "changed" ? name : `${name} (${how})`;
  });
  const subject = who(writers, self);
  const begun = /^(Someone|You)/.test(subject) ? subject[0]!.toLowerCase() + subject.slice(1) : subject;
  return `${when}, ${begun} changed ${listed(parts, MOST_NAMES)}. It is merged with your text.`;
}
