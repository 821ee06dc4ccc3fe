/** The service worker comes when the page is there and nothing else is to do: a first load is as fast without. */

const LONGEST_MILLISECONDS = 4_000;

/** Act when the page is loaded and the browser idle. */
export function afterLoading(act: () => void): void {
  const soon = (): void => {
    if ("requestIdleCallback" in window) requestIdleCallback(act, { timeout: LONGEST_MILLISECONDS });
    else setTimeout(act, LONGEST_MILLISECONDS / 2);
  };
  if (document.readyState === "complete") soon();
  else addEventListener("load", soon, { once: true });
}

/** Register the worker; with `editor` the editor itself is kept on this device, too. */
export async function registerWorker(url: string, editor: boolean): Promise<void> {
  // Plain http on another machine's name: the browser allows no worker there.
  if (!("serviceWorker" in navigator) || !isSecureContext) return;
  try {
    await navigator.serviceWorker.register(url, { updateViaCache: "none" });
    const { active } = await navigator.serviceWorker.ready;
    if (editor) active?.postMessage({ type: "keep-editor" });
  } catch (error) {
    console.warn("prdgen: no service worker", error);
  }
}
