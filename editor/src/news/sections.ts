/** Which parts of a page differ between two texts. */

export interface Section {
  /** The heading's words; empty: what stands above the first heading. */
  readonly title: string;
  /** The how manieth heading with these words, from 0. */
  readonly nth: number;
  /** The heading's line, from 1. */
  readonly line: number;
  readonly body: string;
}

export interface Changed {
  readonly title: string;
  readonly nth: number;
  readonly how: "changed" | "new" | "removed";
}

const ATX = /^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$/;
const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const SETEXT = /^ {0,3}(=+|-+)[ \t]*$/;

/** The parts of a Markdown text, each from its heading to the next one. */
export function sections(text: string): Section[] {
  const lines = text.split("\n");
  const found: { title: string; line: number; from: number }[] = [{ title: "", line: 1, from: 0 }];
  const begin = /^---\s*$/.test(lines[0] ?? "") ? lines.indexOf("---", 1) + 1 : 0;
  let fence: string | null = null;
  for (let index = begin; index < lines.length; index += 1) {
    const line = lines[index]!;
    const mark: string | undefined = FENCE.exec(line)?.[1];
    if (mark && (fence === null || mark.startsWith(fence))) fence = fence === null ? mark : null;
    if (fence !== null || mark) continue;
    const atx = ATX.exec(line);
    if (atx) found.push({ title: plain(atx[2] ?? ""), line: index + 1, from: index });
    else if (index > begin && SETEXT.test(line) && /^\s{0,3}[^\s>#|*+-]/.test(lines[index - 1]!)) {
      found.push({ title: plain(lines[index - 1]!), line: index, from: index - 1 });
    }
  }
  const seen = new Map<string, number>();
  return found.map(({ title, line, from }, at) => {
    const nth = seen.get(title) ?? 0;
    seen.set(title, nth + 1);
    return { title, nth, line, body: lines.slice(from, found[at + 1]?.from ?? lines.length).join("\n").trimEnd() };
  });
}

/** What is different in `after`, in the order of the page; what was removed comes last. */
export function changedSections(before: string, after: string): Changed[] {
  const old = new Map(sections(before).map((one) => [key(one), one]));
  const now = sections(after);
  const changed = now.flatMap(({ title, nth, body }): Changed[] => {
    const known = old.get(key({ title, nth }));
    if (known?.body === body || (!known && !body.trim())) return [];
    return [{ title, nth, how: known ? "changed" : "new" }];
  });
  const left = new Set(now.map(key));
  const removed = [...old.values()].filter((one) => !left.has(key(one)) && one.body.trim());
  return [...changed, ...removed.map(({ title, nth }): Changed => ({ title, nth, how: "removed" }))];
}

/** The line where a part begins now, or null when it is gone. */
export function lineOf(text: string, { title, nth }: Pick<Changed, "title" | "nth">): number | null {
  return sections(text).find((one) => one.title === title && one.nth === nth)?.line ?? null;
}

function key({ title, nth }: { title: string; nth: number }): string {
  return `${nth} ${title}`;
}

/** A heading's words without the marks that are not read. */
function plain(heading: string): string {
  return heading.replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1").replace(/[*_`~]/g, "").trim();
}
