/** A page that was renamed while it is open, or its draft was: its addresses, and the words for it. */
import type { EditorConfig } from "./config";
import type { Keeping } from "./kept/keeping";
import { addressOf } from "./kept/place";
import type { Notices } from "./ui/notices";

/** The server's answer about a page says where it lies now. */
export interface Lying {
  readonly branch?: string;
  readonly page_path?: string;
}

/** What changes in the editor's configuration when the page lies there now; null: nothing does. */
export function movedTo(config: EditorConfig, { branch = config.branch, page_path: pagePath }: Lying): Partial<EditorConfig> | null {
  if (!pagePath || (pagePath === config.pagePath && branch === config.branch)) return null;
  const tail = addressOf("edit", branch, pagePath).slice("/edit/".length);
  const place = new URLSearchParams({ branch, page_path: pagePath });
  return {
    branch,
    pagePath,
    pageUrl: addressOf("read", branch, pagePath),
    historyUrl: `/history/${tail}`,
    conflictsUrl: `/api/conflicts?${place}`,
    exportUrls: Object.fromEntries(Object.keys(config.exportUrls).map((kind) => [kind, `/export/${tail}?format=${kind}`])),
    ...(config.statusUrl ? { statusUrl: `/api/documents/${tail}` } : {}),
    ...(config.draftUrl && branch !== config.branch ? { draftUrl: draftOf(branch) } : {}),
  };
}

/** The draft's page, by its branch whatever that is called. */
function draftOf(branch: string): string {
  return `/drafts/${`refs/heads/${branch}`.split("/").map(encodeURIComponent).join("/")}`;
}

/** The address to ask about the page, which finds it by its document when it was renamed. */
export function asking(config: EditorConfig): string {
  const query = new URLSearchParams({ document: config.documentUrl ?? "" });
  return `${config.statusUrl}?${query}`;
}

/** Links that lead to the page's old addresses lead to the new ones. */
export function relink(links: Iterable<Element>, old: EditorConfig, now: EditorConfig): void {
  const addresses = (config: EditorConfig): (string | undefined)[] =>
    [config.pageUrl, config.historyUrl, config.draftUrl ?? undefined, config.exportUrls.pdf, config.exportUrls.docx, config.exportUrls.md];
  const [before, after] = [addresses(old), addresses(now)];
  for (const link of links) {
    const where = after[before.indexOf(link.getAttribute("href") ?? "")];
    if (where) link.setAttribute("href", where);
  }
}

/** What is said of it. */
export function told(old: EditorConfig, now: EditorConfig): string {
  if (old.branch === now.branch) return `This page is now called ${now.pagePath}.`;
  const page = old.pagePath === now.pagePath ? "" : `, and this page ${now.pagePath}`;
  return `The branch of this draft is now called ${now.branch}${page}. You go on in it.`;
}

/** Go on under the branch and path the server `found` the page at, if it is another one, and say so. */
export function goOn(config: EditorConfig, found: Lying, keeping: Keeping | null, notices: Notices): void {
  const changes = movedTo(config, found);
  if (!changes) return;
  const old = { ...config };
  Object.assign(config, changes);
  relink(document.querySelectorAll("a[href]"), old, config);
  for (const name of document.querySelectorAll(".names .branch")) name.textContent = config.branch;
  keeping?.renamed(config);
  history.replaceState(history.state, "", addressOf("edit", config.branch, config.pagePath));
  notices.show(told(old, config), { name: "renamed", passing: 20_000 });
}
