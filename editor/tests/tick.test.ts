/** The clock that lets something happen at most once a tick. */
import { describe, expect, test, vi } from "vitest";
import { Tick, type Clock } from "../src/binding/tick";

describe("the tick", () => {
  function clocked() {
    let now = 0;
    let due: { at: number; act: () => void } | null = null;
    const clock: Clock = {
      now: () => now,
      after: (milliseconds, act) => {
        due = { at: now + milliseconds, act };
        return () => (due = null);
      },
    };
    const pass = (milliseconds: number): void => {
      now += milliseconds;
      if (due && due.at <= now) due.act();
    };
    return { clock, pass };
  }

  test("acts at once after a quiet time, then once a tick however often it is asked", () => {
    const { clock, pass } = clocked();
    const acted = vi.fn();
    const tick = new Tick(100, acted, clock);
    for (let time = 0; time < 1_000; time += 10) {
      tick.ask();
      pass(10);
    }
    expect(acted.mock.calls.length).toBeGreaterThanOrEqual(9);
    expect(acted.mock.calls.length).toBeLessThanOrEqual(11);
  });

  test("stopped, it does not act", () => {
    const { clock, pass } = clocked();
    const acted = vi.fn();
    const tick = new Tick(100, acted, clock);
    tick.ask();
    tick.stop();
    pass(500);
    expect(acted).not.toHaveBeenCalled();
  });
});
