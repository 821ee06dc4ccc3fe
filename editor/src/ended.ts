/** A draft that ended while its page is open: what became of it, and what becomes of what is typed now. */
import type { Notices } from "./ui/notices";

/** The server's words on a draft that was merged, closed, or whose branch was deleted. */
export interface End {
  readonly state: "merged" | "closed" | "deleted";
  readonly title: string;
  readonly by: string | null;
  /** The address of the draft's own page. */
  readonly draft: string | null;
  /** The address of the page on main; null: it is not there. */
  readonly page: string | null;
  /** Main has everything that was committed. */
  readonly on_main: boolean;
  /** What is typed now goes to the branch, which is not on main. */
  readonly branch_stays: boolean;
}

/** What is said of it to who only reads, or writes. */
export function told(end: End, writes: boolean): string {
  return [what(end), ...(writes ? [fateOfWords(end)] : [])].join(" ");
}

function what({ state, title, by, on_main }: End): string {
  const who = by ? ` by ${by}` : "";
  if (state === "merged") return `The draft “${title}” was merged into main${who}.`;
  if (state === "closed") return `The draft “${title}” was closed${who}; it can be opened again.`;
  return `The branch ${title} was deleted${on_main ? "; what was committed on it is on main" : ""}.`;
}

function fateOfWords(end: End): string {
  if (end.branch_stays) {
    return "What is typed here from now on is not on main: it is kept in the branch, which is in the list of drafts again then.";
  }
  return "What is typed here from now on is not on main: save a version to have the branch back, "
    + "or it becomes a draft of its own, “recovered/…”, once everybody has left.";
}

/** The notice in the editor: shown once, and again when somebody types on. */
export class Ended {
  #end: End | null = null;
  #warned = false;

  constructor(private readonly notices: Notices, private readonly writes: boolean) {}

  /** Did the draft end, as far as is known? */
  get over(): boolean { return this.#end !== null; }

  /** The server's answer came; null: the draft goes on. */
  heard(end: End | null): void {
    const same = JSON.stringify(end) === JSON.stringify(this.#end);
    if (same) return;
    this.#end = end;
    this.#warned = false;
    if (end) this.#show("info");
    else this.notices.clear("ended");
  }

  /** Who types on is told once more: that is not on main. */
  typed(): void {
    if (!this.#end || this.#warned) return;
    this.#warned = true;
    this.#show("warn");
  }

  #show(kind: "info" | "warn"): void {
    const end = this.#end!;
    this.notices.show(told(end, this.writes), {
      kind,
      name: "ended",
      ...(end.page ? { link: { href: end.page, text: "The page on main" } } : {}),
      ...(end.draft ? { actions: [{ text: "See the draft", act: () => location.assign(end.draft!) }] } : {}),
    });
  }
}
