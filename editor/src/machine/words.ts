/** What the status line says: a pure function of what is known. */
import type { Name, State } from "./states";

export interface Facts {
  readonly state: State;
  readonly connected: boolean;
  /** Was there ever a connection in this tab? */
  readonly everConnected: boolean;
  /** Changes the server has not stored yet. */
  readonly waiting: number;
  /** How many words they put in, as last counted. */
  readonly words: number;
  readonly readOnlyReason: string | null;
  /** Why the server closed the connection, in its words. */
  readonly closedReason: string | null;
  /** The server said that it cannot store. */
  readonly storeAway: boolean;
  /** Nothing was acknowledged for long, though the connection stands. */
  readonly slow: boolean;
  /** Is there storage on this device which outlives the tab? */
  readonly keeps: boolean;
  /** Why the page could not be opened. */
  readonly failure: string | null;
}

export type Tone = "good" | "busy" | "warn" | "bad" | "calm";

export interface Words {
  readonly text: string;
  /** For the little light before the text, and for narrow screens. */
  readonly tone: Tone;
  /** Whether leaving the page now could lose something. */
  readonly unsaved: boolean;
  /** The state of the mission's flow, and what it means. */
  readonly state: Name;
  readonly meaning: string;
}

/** What each state means to who writes. */
export const MEANINGS: Readonly<Record<Name, string>> = {
  Idle: "Nothing is open yet.",
  Loading: "The page is being fetched.",
  Loaded: "The page is open, and the server has everything.",
  Error: "The page could not be opened; it is tried again.",
  Editing: "You are writing; it is sent in a moment.",
  Saving: "What you wrote is on its way to the server.",
  Syncing: "What others wrote is being put into your text.",
  Collaborating: "Others are in the page with you, and the server has everything.",
};

export const AWAY = "Go on: what you write is kept, and sent by itself when the server is there again.";

/** The words, the tone, and whether leaving would need a question. */
export function words(facts: Facts): Words {
  const unsaved = facts.waiting > 0 || ["Editing", "Saving", "Syncing"].includes(facts.state.name);
  const { name } = facts.state;
  return { ...said(facts, unsaved), unsaved, state: name, meaning: meaning(facts) };
}

/** Away from the server the flow goes on, and its words would promise too much. */
function meaning({ state, connected }: Facts): string {
  const away = !connected && !["Idle", "Loading", "Error"].includes(state.name);
  return away ? AWAY : MEANINGS[state.name];
}

type Said = Pick<Words, "text" | "tone">;

function said(facts: Facts, unsaved: boolean): Said {
  const { state } = facts;
  if (state.name === "Error") {
    return { text: `Could not open this page: ${facts.failure ?? "no answer"}`, tone: "bad" };
  }
  if (state.name === "Idle" || state.name === "Loading") return { text: "Opening…", tone: "busy" };
  if (facts.readOnlyReason !== null) return readOnly(facts);
  const kept = facts.keeps ? "this device" : "this tab";
  if (facts.storeAway) {
    return { text: `Server cannot store right now, typing is kept on ${kept}`, tone: "warn" };
  }
  if (!facts.connected) return offline(facts, unsaved, kept);
  if (!unsaved) return { text: "Saved", tone: "good" };
  if (facts.slow) {
    return { text: `Not stored yet — kept on ${kept} (${amount(facts)} waiting)`, tone: "warn" };
  }
  return { text: "Saving…", tone: "busy" };
}

function readOnly(facts: Facts): Said {
  const away = facts.connected || !facts.everConnected ? "" : " — reconnecting";
  const held = facts.waiting > 0 ? ` (${amount(facts)} kept on this device)` : "";
  return { text: `Read only: ${facts.readOnlyReason}${held}${away}`, tone: "calm" };
}

function offline(facts: Facts, unsaved: boolean, kept: string): Said {
  const why = facts.closedReason ? `${facts.closedReason}. ` : "";
  if (!unsaved) return { text: `${why}Reconnecting…`, tone: "warn" };
  return { text: `${why}Kept on ${kept} — reconnecting (${amount(facts)} waiting)`, tone: "warn" };
}

/** `3 words`; before they are counted, or when something was only taken out, `2 changes`. */
function amount({ words, waiting }: Facts): string {
  if (words > 0) return words === 1 ? "1 word" : `${words} words`;
  return waiting <= 1 ? "1 change" : `${waiting} changes`;
}
