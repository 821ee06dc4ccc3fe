/** Which page an address of this server is about. */

export interface Place {
  readonly kind: "edit" | "read" | "other";
  /** `main/docs/checkout.md`, as the address has it; empty for other addresses. */
  readonly tail: string;
}

const KINDS = { edit: "edit", p: "read" } as const;

/** Read an address's path. */
export function placeOf(pathname: string): Place {
  const [, kind, tail] = /^\/(edit|p)\/(.+)$/.exec(pathname) ?? [];
  if (!kind || !tail) return { kind: "other", tail: "" };
  return { kind: KINDS[kind as keyof typeof KINDS], tail: decoded(tail) };
}

/** The path of a page's editor or reading view. */
export function addressOf(kind: "edit" | "read", branch: string, pagePath: string): string {
  const start = kind === "edit" ? "/edit/" : "/p/";
  return start + `${branch}/${pagePath}`.split("/").map(encodeURIComponent).join("/");
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // an address typed by hand
  }
}
