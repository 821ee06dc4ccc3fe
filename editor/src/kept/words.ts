/** How kept pages are spoken of. */
import type { KeptPage, Unsent } from "./book";

/** `12 words`, `1 word`, or `2 changes` when nothing was put in. */
export function amount({ words, changes }: Pick<Unsent, "words" | "changes">): string {
  if (words > 0) return words === 1 ? "1 word" : `${words.toLocaleString("en")} words`;
  return changes === 1 ? "1 change" : `${changes.toLocaleString("en")} changes`;
}

/** `12 May 2026, 14:03`. */
export function moment(at: number): string {
  return new Date(at).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
}

/** What a kept page can be used for. */
export function use({ config, html }: Pick<KeptPage, "config" | "html">): string {
  if (config?.documentUrl && config.canWrite) return "to read and to write";
  return html || config ? "to read" : "not whole yet";
}

/** `3 minutes`, `2 hours`, `4 days`. */
export function span(milliseconds: number): string {
  const minutes = Math.max(1, Math.round(milliseconds / 60_000));
  const [count, unit] = minutes < 60 ? [minutes, "minute"] as const
    : minutes < 48 * 60 ? [Math.round(minutes / 60), "hour"] as const
    : [Math.round(minutes / 1440), "day"] as const;
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}
