/** What the service worker does with a request: a pure function of its address. */

export type Way =
  /** A file with its content's hash in its address: from this device, when it is here. */
  | "asset"
  /** A page for a person: from the server; when it is away, the shell. */
  | "page"
  /** A picture of the repository: from the server; when it is away, what is kept for this person. */
  | "picture"
  /** Not touched at all. */
  | "pass";

export interface Asked {
  readonly method: string;
  readonly mode: string;
  readonly url: string;
}

/** Addresses that are no pages although a browser goes to them. */
const NOT_PAGES = /^\/(api|static|raw|export|healthz|readyz|metrics|sync|git|sign-out|service-worker\.js)(\/|$)/;

/** How to answer. */
export function way({ method, mode, url }: Asked, origin: string): Way {
  const asked = new URL(url);
  if (method !== "GET" || asked.origin !== origin) return "pass";
  const { pathname, searchParams } = asked;
  if (mode === "navigate") return NOT_PAGES.test(pathname) ? "pass" : "page";
  if (pathname.startsWith("/static/editor/assets/")) return "asset";
  if (pathname.startsWith("/static/") && searchParams.has("v")) return "asset";
  return pathname.startsWith("/raw/") ? "picture" : "pass";
}

/** Answers of a proxy or a server that cannot help just now. */
export function away(status: number): boolean {
  return status === 502 || status === 503 || status === 504;
}

/** The files that the shell needs: what its HTML names, as it is asked for, and what that imports. */
export function shellParts(html: string): string[] {
  const found = [...html.matchAll(/(?:href|src)="(\/static\/[^"]+)"/g)].map((match) => match[1]!);
  return [...new Set([...found.map((url) => url.replaceAll("&amp;", "&")), ...listed(html, "data-parts")])];
}

/** The files of the editor. */
export function editorParts(html: string): string[] {
  return listed(html, "data-editor-parts");
}

function listed(html: string, attribute: string): string[] {
  const found = new RegExp(`${attribute}="([^"]*)"`).exec(html)?.[1];
  return found ? found.split(" ").filter(Boolean) : [];
}

/** The same page with another nonce: one answer must not share it with the next. */
export function renewed(html: string, policy: string, nonce: string): { html: string; policy: string } {
  const old = /'nonce-([^']+)'/.exec(policy)?.[1];
  return old ? { html: html.replaceAll(old, nonce), policy: policy.replaceAll(old, nonce) } : { html, policy };
}
