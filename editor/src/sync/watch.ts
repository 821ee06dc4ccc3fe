/** Looks after the connection: wakes it with the network and the tab, and notices a dead one. */
import type { Model } from "../machine/model";
import type { SocketAdapter } from "./socket";

const LOOK_MILLISECONDS = 2_000;
export const SLOW_MILLISECONDS = 8_000;
export const DEAD_MILLISECONDS = 20_000;

/** What to do about changes that wait since `since` (null: none do) on a standing connection. */
export function verdict(now: number, since: number | null, heardAt: number): "fine" | "slow" | "dead" {
  if (since === null || now - since < SLOW_MILLISECONDS) return "fine";
  return now - Math.max(since, heardAt) > DEAD_MILLISECONDS ? "dead" : "slow";
}

export class Watch {
  #since: number | null = null;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #hurry = (): void => this.socket.hurry();
  readonly #shown = (): void => {
    if (document.visibilityState === "visible") this.socket.hurry();
  };

  constructor(private readonly socket: SocketAdapter, private readonly model: Model) {
    this.#timer = setInterval(() => this.#look(), LOOK_MILLISECONDS);
    addEventListener("online", this.#hurry);
    document.addEventListener("visibilitychange", this.#shown);
  }

  stop(): void {
    clearInterval(this.#timer);
    removeEventListener("online", this.#hurry);
    document.removeEventListener("visibilitychange", this.#shown);
  }

  #look(): void {
    const { connected, waiting } = this.model.facts;
    if (!connected || waiting === 0) this.#since = null;
    else this.#since ??= Date.now();
    const found = verdict(Date.now(), this.#since, this.socket.heardAt);
    this.model.learn({ slow: found !== "fine" });
    if (found === "dead") this.socket.redial();
  }
}
