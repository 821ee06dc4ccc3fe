/** Pictures of kept pages, one cache a person. */

const NAME = "prdgen-images-";

export interface Images {
  keep(urls: readonly string[]): Promise<void>;
  find(url: string): Promise<Response | undefined>;
  clear(): Promise<void>;
}

/** A person's pictures, or null where the browser keeps none (plain http on a foreign name). */
export function imagesOf(personId: string): Images | null {
  if (typeof caches === "undefined") return null;
  const name = NAME + personId;
  return {
    async keep(urls) {
      const cache = await caches.open(name);
      for (const url of urls) {
        if (await cache.match(url)) continue;
        const answer = await fetch(url, { credentials: "same-origin" }).catch(() => null);
        if (answer?.ok) await cache.put(url, answer);
      }
    },
    find: async (url) => (await caches.open(name)).match(url),
    clear: async () => void (await caches.delete(name)),
  };
}

/** The repository's own pictures in a rendered page. */
export function pictures(root: ParentNode): string[] {
  const found = [...root.querySelectorAll("img")].map((img) => new URL(img.src, location.href));
  const own = found.filter((url) => url.origin === location.origin && url.pathname.startsWith("/raw/"));
  return [...new Set(own.map((url) => url.href))];
}
