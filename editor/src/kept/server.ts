/** Is the server there? Asked now and then. */

const EVERY_MILLISECONDS = 5_000;
const PATIENCE_MILLISECONDS = 4_000;

/** Whether the server answers. */
export async function answers(): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(PATIENCE_MILLISECONDS);
    return (await fetch("/healthz", { cache: "no-store", signal })).ok;
  } catch {
    return false;
  }
}

/** Tell whenever that changes, beginning now. */
export function watchServer(changed: (there: boolean) => void): void {
  let last: boolean | null = null;
  const look = async (): Promise<void> => {
    const there = await answers();
    if (there !== last) changed(there);
    last = there;
  };
  setInterval(() => void look(), EVERY_MILLISECONDS);
  for (const name of ["online", "offline"]) addEventListener(name, () => void look());
  void look();
}
