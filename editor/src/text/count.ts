/** Counting words and bytes as people and the live limit do. */

/** Words of the text: runs of letters and digits, without front matter. */
export function countWords(text: string): number {
  const body = text.replace(/^---\n[\s\S]*?\n(?:---|\.\.\.)(?:\n|$)/, "");
  return body.match(/[\p{L}\p{N}]+(?:['’.-][\p{L}\p{N}]+)*/gu)?.length ?? 0;
}

/** The bytes the text has in UTF-8. */
export function countBytes(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** What to say about a page near or over the live limit; null: nothing. */
export function sizeWarning(bytes: number, limit: number): string | null {
  if (bytes <= limit * 0.9) return null;
  const kib = (count: number): string => `${Math.ceil(count / 1024)} KiB`;
  if (bytes <= limit) {
    return `This page has ${kib(bytes)}; pages up to ${kib(limit)} can be edited live.`;
  }
  return `This page has ${kib(bytes)} and is over the live limit of ${kib(limit)}: split it, or the server will not take more text.`;
}
