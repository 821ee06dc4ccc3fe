/** What is on the screen: a small machine for panes and side panel, remembered on this device. */

export type Mode = "source" | "split" | "preview";
export type NarrowPane = "source" | "preview" | "side";

export interface Screen {
  readonly mode: Mode;
  /** On narrow screens there is one pane at a time. */
  readonly narrow: NarrowPane;
  readonly side: boolean;
  /** The text's share of the split, in percent. */
  readonly share: number;
}

export const FIRST_SCREEN: Screen = { mode: "split", narrow: "source", side: false, share: 50 };

/** Source → both → reading → source. */
export function turned(screen: Screen): Screen {
  const order: readonly Mode[] = ["source", "split", "preview"];
  return { ...screen, mode: order[(order.indexOf(screen.mode) + 1) % order.length]! };
}

/** The share kept where both panes can still be used. */
export function withShare(screen: Screen, share: number): Screen {
  return { ...screen, share: Math.round(Math.min(80, Math.max(20, share))) };
}

/** What was remembered, checked; anything odd becomes the default. */
export function recalled(json: string | null): Screen {
  let given: Partial<Screen> = {};
  try {
    given = (JSON.parse(json ?? "{}") as Partial<Screen> | null) ?? {};
  } catch {
    // Someone else wrote there: begin with the default.
  }
  const mode = (["source", "split", "preview"] as const).find((one) => one === given.mode);
  const share = typeof given.share === "number" ? given.share : FIRST_SCREEN.share;
  const screen = { ...FIRST_SCREEN, mode: mode ?? FIRST_SCREEN.mode, side: given.side === true };
  return withShare(screen, share);
}
