/** Put a new rendering on the page, touching only the blocks that changed. */

/** What `changedBlocks` compares; the line number of a block may move without a change. */
export function withoutLines(html: string): string {
  return html.replace(/ data-(?:line|sourcepos)="[^"]*"/g, "");
}

/** How many blocks at the beginning and at the end are the same. */
export function sameEnds(old: readonly string[], now: readonly string[]): { start: number; end: number } {
  const most = Math.min(old.length, now.length);
  let start = 0;
  while (start < most && old[start] === now[start]) start += 1;
  let end = 0;
  while (end < most - start && old[old.length - 1 - end] === now[now.length - 1 - end]) end += 1;
  return { start, end };
}

const SCRIPTING = "script, iframe, object, embed, form, base, meta, link, style";

/** The blocks of sanitised HTML. The server sanitises; what it should never send is dropped again. */
export function blocksOf(html: string): Element[] {
  const body = new DOMParser().parseFromString(html, "text/html").body;
  for (const element of body.querySelectorAll(SCRIPTING)) element.remove();
  const loose = [...body.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE);
  for (const node of loose) if (!node.textContent?.trim()) node.remove();
  // A click in the preview must not take the writer away from the text.
  for (const link of body.querySelectorAll<HTMLAnchorElement>('a[href]:not([href^="#"])')) {
    link.target = "_blank";
    link.rel = "noopener";
  }
  return [...body.children];
}

/** What each block on the page was made of; writing it out again for every comparison costs a large page most. */
const keys = new WeakMap<Element, string>();

function keyOf(element: Element): string {
  const known = keys.get(element);
  if (known !== undefined) return known;
  const key = withoutLines(element.outerHTML);
  keys.set(element, key);
  return key;
}

/** Show `html` in `target`; gives whether anything changed. */
export function patch(target: Element, html: string): boolean {
  const now = blocksOf(html);
  const old = [...target.children];
  const { start, end } = sameEnds(old.map(keyOf), now.map(keyOf));
  old.forEach((element, index) => {
    const twin = index < start ? now[index] : index >= old.length - end ? now[now.length - old.length + index] : null;
    if (twin) moveLines(twin, element);
    else element.remove();
  });
  const before = end > 0 ? old[old.length - end]! : null;
  const fresh = now.slice(start, now.length - end);
  for (const element of fresh) target.insertBefore(document.adoptNode(element), before);
  return fresh.length > 0 || start + end < old.length;
}

function moveLines(from: Element, to: Element): void {
  const sources = [from, ...from.querySelectorAll("[data-line]")];
  const targets = [to, ...to.querySelectorAll("[data-line]")];
  targets.forEach((target, index) => {
    const line = sources[index]?.getAttribute("data-line");
    if (line) target.setAttribute("data-line", line);
  });
}
