/** The mission's client state flow (3.1): a pure function from state and event to state. */

export type Name =
  | "Idle" | "Loading" | "Loaded" | "Error"
  | "Editing" | "Saving" | "Syncing" | "Collaborating";

export type Event =
  | "fetch" | "success" | "failed" | "retry"
  | "edit" | "autosave" | "saved"
  | "receive" | "applied"
  | "others-join" | "others-leave";

export interface State {
  readonly name: Name;
  /** Are other people in the page? Decides where `Loaded` goes on to. */
  readonly company: boolean;
}

/** One arrow of the mission's diagram. */
export type Arrow = readonly [from: Name, event: Event, to: Name];

/** Every arrow of the diagram, and no other. */
export const ARROWS: readonly Arrow[] = [
  ["Idle", "fetch", "Loading"],
  ["Loading", "success", "Loaded"],
  ["Loading", "failed", "Error"],
  ["Error", "retry", "Idle"],
  ["Loaded", "edit", "Editing"],
  ["Editing", "autosave", "Saving"],
  ["Saving", "saved", "Loaded"],
  ["Editing", "receive", "Syncing"],
  ["Syncing", "applied", "Editing"],
  ["Loaded", "others-join", "Collaborating"],
  ["Collaborating", "others-leave", "Loaded"],
];

export const START: State = { name: "Idle", company: false };

/**
 * The state after `event`. An event without an arrow from here changes nothing, with two ways that
 * are made of the diagram's arrows: someone in company who types goes back through `Loaded`, and
 * whoever comes to `Loaded` in company goes on to `Collaborating`.
 */
export function next(state: State, event: Event): State {
  const company = companyAfter(state.company, event);
  let name = follow(state.name, event);
  if (state.name === "Collaborating" && event === "edit") {
    name = follow(follow("Collaborating", "others-leave"), "edit");
  }
  if (name === "Loaded" && company) name = follow(name, "others-join");
  return name === state.name && company === state.company ? state : { name, company };
}

function follow(from: Name, event: Event): Name {
  return ARROWS.find((arrow) => arrow[0] === from && arrow[1] === event)?.[2] ?? from;
}

function companyAfter(company: boolean, event: Event): boolean {
  if (event === "others-join") return true;
  if (event === "others-leave" || event === "retry") return false;
  return company;
}
