/** What a closed connection means, from its code and the server's own words. */

export interface Closing {
  /** For the status line; null: an ordinary cut that needs no explaining. */
  readonly reason: string | null;
  /** Trying again soon cannot help. */
  readonly hopeless: boolean;
  /** The server is there but cannot store. */
  readonly storeAway: boolean;
  /** What this editor sent was refused; sending it again will be, too. */
  readonly refused: boolean;
}

/** Codes the server closes with; see README.md. The server's own reason comes first. */
const MEANINGS: Readonly<Record<number, string>> = {
  1001: "The server is restarting",
  1013: "The server cannot store right now",
  4400: "The server could not read a message",
  4401: "You are signed out",
  4403: "The server did not allow this change",
  4408: "The connection was too slow",
  4409: "The page is open under another identity",
  4413: "A change was too large for live editing",
  4422: "The server refused a change",
  4429: "Too many changes at once",
  4503: "The server cannot store right now",
};

const HOPELESS = new Set([4401]);
const STORE_AWAY = new Set([1013, 4503]);
const REFUSED = new Set([4403, 4409, 4413, 4422]);

export interface Explained {
  readonly text: string;
  readonly options: { readonly link?: { readonly href: string; readonly text: string } };
}

/** What needs more words than the status line has, and a way out; null: nothing does. */
export function explained({ reason, hopeless, storeAway }: Closing, path: string): Explained | null {
  if (reason === null || !(hopeless || storeAway)) return null;
  const begin = `${reason[0]!.toUpperCase()}${reason.slice(1)}. What you type is kept on this device, and sent when`;
  if (storeAway) return { text: `${begin} the server can store it.`, options: {} };
  const link = { href: `/sign-in?next=${encodeURIComponent(path)}`, text: "Sign in" };
  return { text: `${begin} you have signed in again.`, options: { link } };
}

/** Read a close event. */
export function closing(code: number, reason: string): Closing {
  const words = reason.trim() || MEANINGS[code];
  const own = (code >= 4000 && code <= 4999) || words !== undefined;
  return {
    reason: own ? (words ?? `The server closed the connection (${code})`).replace(/\.$/, "") : null,
    hopeless: HOPELESS.has(code),
    storeAway: STORE_AWAY.has(code),
    refused: REFUSED.has(code),
  };
}
