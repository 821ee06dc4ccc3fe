/** A clock that lets something happen at once, but never more often than once a tick. */

/** Typing becomes an Automerge change, and a moved cursor a message, this often at most. */
export const TICK_MILLISECONDS = 100;

export interface Clock {
  now(): number;
  after(milliseconds: number, act: () => void): () => void;
}

/** The real clock. */
export const wallClock: Clock = {
  now: () => performance.now(),
  after(milliseconds, act) {
    const timer = setTimeout(act, milliseconds);
    return () => clearTimeout(timer);
  },
};

/** The first `ask` after a quiet tick acts a moment later; more asks wait for the tick to end. */
export class Tick {
  #last = -Infinity;
  #cancel: (() => void) | null = null;

  constructor(
    private readonly milliseconds: number,
    private readonly act: () => void,
    private readonly clock: Clock = wallClock,
  ) {}

  /** See that `act` is called soon. */
  ask(): void {
    if (this.#cancel) return;
    const wait = Math.max(0, this.#last + this.milliseconds - this.clock.now());
    this.#cancel = this.clock.after(wait, () => this.now());
  }

  /** Call `act` now instead of soon. */
  now(): void {
    this.stop();
    this.#last = this.clock.now();
    this.act();
  }

  /** Forget what was asked for. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }
}
