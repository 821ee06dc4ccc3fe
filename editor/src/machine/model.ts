/** The one place where everything about saving and connection meets; tells who listens. */
import { next, START, type Event, type State } from "./states";
import { words, type Facts, type Words } from "./words";

/** Holds the facts; changes them only through `happen` and `learn`. */
export class Model {
  #facts: Facts;
  #listeners: ((words: Words, facts: Facts) => void)[] = [];

  constructor(given: Partial<Facts> = {}) {
    this.#facts = {
      state: START, connected: false, everConnected: false, waiting: 0, words: 0, readOnlyReason: null,
      closedReason: null, storeAway: false, slow: false, keeps: true, failure: null, ...given,
    };
  }

  get facts(): Facts {
    return this.#facts;
  }

  get words(): Words {
    return words(this.#facts);
  }

  get state(): State {
    return this.#facts.state;
  }

  /** An arrow of the state flow is taken, if there is one from here. */
  happen(event: Event): void {
    this.learn({ state: next(this.#facts.state, event) });
  }

  /** Some facts are different now. A connection that stands clears why the last one did not. */
  learn(change: Partial<Facts>): void {
    const old = this.#facts;
    this.#facts = { ...old, ...change };
    const same = (Object.keys(change) as (keyof Facts)[]).every((key) => old[key] === change[key]);
    if (same) return;
    for (const listener of this.#listeners) listener(this.words, this.#facts);
  }

  /**
   * How many changes the server has not stored, and whether typed text is not even a change yet.
   * Moves along `Editing → Saving → Loaded`.
   */
  count(waiting: number, typing: boolean): void {
    this.learn({ waiting: waiting + (typing ? 1 : 0) });
    if (typing) {
      this.happen("edit");
      return;
    }
    if (waiting > 0 && this.state.name !== "Saving") {
      this.happen("edit");
      this.happen("autosave");
    }
    if (waiting === 0 && this.#facts.connected) {
      this.happen("autosave");
      this.happen("saved");
      this.learn({ slow: false });
    }
  }

  listen(listener: (words: Words, facts: Facts) => void): void {
    this.#listeners.push(listener);
    listener(this.words, this.#facts);
  }
}
