/** `localStorage`, or null where it is forbidden. */
export function openShelf(): Storage | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}
