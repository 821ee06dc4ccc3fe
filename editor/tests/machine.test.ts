/** The mission's state flow 3.1, and the words people read. */
import { describe, expect, test } from "vitest";
import { Model } from "../src/machine/model";
import { ARROWS, next, START, type Arrow, type Event, type Name, type State } from "../src/machine/states";
import { confirmed, notStored, type Known } from "../src/machine/stored";
import { AWAY, MEANINGS, words, type Facts } from "../src/machine/words";

const NAMES: readonly Name[] = [
  "Idle", "Loading", "Loaded", "Error", "Editing", "Saving", "Syncing", "Collaborating",
];
const EVENTS: readonly Event[] = [
  "fetch", "success", "failed", "retry", "edit", "autosave", "saved", "receive", "applied",
  "others-join", "others-leave",
];

function at(name: Name, company = false): State {
  return { name, company };
}

describe("the state flow", () => {
  test("begins Idle", () => {
    expect(START.name).toBe("Idle");
  });

  // The diagram once more, so that an arrow that is lost in the code is missed here.
  test.each<Arrow>([
    ["Idle", "fetch", "Loading"], ["Loading", "success", "Loaded"], ["Loading", "failed", "Error"],
    ["Error", "retry", "Idle"], ["Loaded", "edit", "Editing"], ["Editing", "autosave", "Saving"],
    ["Saving", "saved", "Loaded"], ["Editing", "receive", "Syncing"], ["Syncing", "applied", "Editing"],
    ["Loaded", "others-join", "Collaborating"], ["Collaborating", "others-leave", "Loaded"],
  ])("%s —%s→ %s", (from, event, to) => {
    expect(next(at(from), event).name).toBe(to);
    expect(ARROWS).toHaveLength(11);
  });

  test("takes no arrow that the mission does not draw", () => {
    for (const name of NAMES) {
      for (const event of EVENTS) {
        const drawn = ARROWS.some((arrow) => arrow[0] === name && arrow[1] === event);
        const through = name === "Collaborating" && event === "edit";
        if (!drawn && !through) expect(next(at(name), event).name, `${name} ${event}`).toBe(name);
      }
    }
  });

  test("someone in company who types edits, and is in company again when it is saved", () => {
    let state = next(at("Loaded"), "others-join");
    expect(state.name).toBe("Collaborating");
    state = next(state, "edit");
    expect(state.name).toBe("Editing");
    state = next(next(state, "autosave"), "saved");
    expect(state.name).toBe("Collaborating");
  });

  test("whoever comes while one is typing is company when it is saved", () => {
    const state = next(next(at("Editing"), "others-join"), "autosave");
    expect(next(state, "saved").name).toBe("Collaborating");
  });

  test("others leaving while one is saving ends in Loaded", () => {
    expect(next(next(at("Saving", true), "others-leave"), "saved").name).toBe("Loaded");
  });

  test("an event that changes nothing gives the same state", () => {
    const state = at("Idle");
    expect(next(state, "saved")).toBe(state);
  });
});

const CALM: Facts = {
  state: at("Loaded"), connected: true, everConnected: true, waiting: 0, words: 0, readOnlyReason: null,
  closedReason: null, storeAway: false, slow: false, keeps: true, failure: null,
};

describe("the words", () => {
  test.each<[string, Partial<Facts>, string]>([
    ["all stored", {}, "Saved"],
    ["in company", { state: at("Collaborating", true) }, "Saved"],
    ["typing", { state: at("Editing") }, "Saving…"],
    ["on its way", { state: at("Saving"), waiting: 1 }, "Saving…"],
    ["opening", { state: at("Loading") }, "Opening…"],
    ["failed", { state: at("Error"), failure: "no answer" }, "Could not open this page: no answer"],
    ["offline with changes", { connected: false, waiting: 3 },
      "Kept on this device — reconnecting (3 changes waiting)"],
    ["offline with one", { connected: false, waiting: 1 },
      "Kept on this device — reconnecting (1 change waiting)"],
    ["offline with words", { connected: false, waiting: 9, words: 12 },
      "Kept on this device — reconnecting (12 words waiting)"],
    ["offline and typing", { connected: false, state: at("Editing") },
      "Kept on this device — reconnecting (1 change waiting)"],
    ["offline without storage", { connected: false, waiting: 2, keeps: false },
      "Kept on this tab — reconnecting (2 changes waiting)"],
    ["offline, nothing waiting", { connected: false }, "Reconnecting…"],
    ["closed with a reason", { connected: false, closedReason: "The page is too large", waiting: 1 },
      "The page is too large. Kept on this device — reconnecting (1 change waiting)"],
    ["store away", { connected: false, storeAway: true, waiting: 1 },
      "Server cannot store right now, typing is kept on this device"],
    ["slow", { state: at("Saving"), waiting: 2, slow: true },
      "Not stored yet — kept on this device (2 changes waiting)"],
    ["read only", { readOnlyReason: "your role is reader" }, "Read only: your role is reader"],
    ["read only, away", { readOnlyReason: "your role is reader", connected: false },
      "Read only: your role is reader — reconnecting"],
    ["became read only with changes", { readOnlyReason: "your role is reader", waiting: 2 },
      "Read only: your role is reader (2 changes kept on this device)"],
  ])("%s", (_name, facts, text) => {
    expect(words({ ...CALM, ...facts }).text).toBe(text);
  });

  test("each state has a meaning of its own, and is named", () => {
    const meanings = NAMES.map((name) => words({ ...CALM, state: at(name) }).meaning);
    expect(new Set(meanings).size).toBe(NAMES.length);
    for (const name of NAMES) expect(words({ ...CALM, state: at(name) }).state).toBe(name);
  });

  test("away from the server, no meaning promises that it has anything", () => {
    for (const name of ["Loaded", "Editing", "Saving", "Syncing", "Collaborating"] as const) {
      expect(words({ ...CALM, state: at(name), connected: false }).meaning).toBe(AWAY);
    }
    expect(words({ ...CALM, state: at("Error"), connected: false }).meaning).toBe(MEANINGS.Error);
  });

  test("never say Saved while anything is not stored", () => {
    for (const name of NAMES) {
      for (const waiting of [0, 1]) {
        for (const connected of [true, false]) {
          const said = words({ ...CALM, state: at(name), waiting, connected });
          if (said.text === "Saved") expect([waiting, connected, said.unsaved]).toEqual([0, true, false]);
        }
      }
    }
  });
});

describe("the model", () => {
  function opened(): Model {
    const model = new Model({ connected: true });
    for (const event of ["fetch", "success"] as const) model.happen(event);
    return model;
  }

  test("goes Editing, Saving, Loaded as changes are counted", () => {
    const model = opened();
    const seen: string[] = [];
    model.listen(() => seen.push(model.state.name));
    model.happen("edit");
    model.count(0, true);
    model.count(1, false);
    model.count(0, false);
    expect([...new Set(seen)]).toEqual(["Loaded", "Editing", "Saving"]);
    expect([model.state.name, model.words.text]).toEqual(["Loaded", "Saved"]);
  });

  test("is not saved while the connection is away, whatever is counted", () => {
    const model = opened();
    model.learn({ connected: false });
    model.count(1, false);
    model.count(0, false);
    expect(model.words.text).not.toBe("Saved");
  });

  test("tells nobody when nothing changed", () => {
    const model = opened();
    let told = 0;
    model.listen(() => (told += 1));
    model.learn({ connected: true });
    expect(told).toBe(1);
  });
});

describe("what is stored", () => {
  /** A history in one line: a, b, c, … */
  function line(history: string): Known {
    return {
      heads: () => [history.at(-1)!],
      has: (head) => history.includes(head),
      countSince: (heads) => history.length - 1 - Math.max(-1, ...heads.map((one) => history.indexOf(one))),
    };
  }

  test("the server's heads are mine: nothing waits", () => {
    expect(notStored(line("abc"), ["c"])).toBe(0);
  });

  test("the server is behind: the changes since then wait", () => {
    expect(notStored(line("abcd"), ["b"])).toBe(2);
  });

  test("nothing heard yet: everything waits", () => {
    expect(notStored(line("abc"), null)).toBe(3);
  });

  test("heads that are all known replace what was known, even by less", () => {
    expect(confirmed(line("abc"), ["c"], ["a"])).toEqual(["a"]);
  });

  test("an unknown head leaves known what was known", () => {
    expect(confirmed(line("abc"), ["b"], ["x"])).toEqual(["b"]);
    expect(confirmed(line("abc"), ["b"], ["x", "c"])).toEqual(["b", "c"]);
    expect(confirmed(line("abc"), null, ["x"])).toEqual([]);
  });
});
