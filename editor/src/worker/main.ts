/** The service worker: the shell without the server. Nothing that belongs to a person goes through its cache. */
import { Book } from "../kept/book";
import { imagesOf } from "../kept/images";
import { placeOf } from "../kept/place";
import { away, way } from "./rules";
import { Shell } from "./shell";

/** The server puts this before the script: another shell is another worker. */
declare const SHELL_VERSION: string;
declare const self: ServiceWorkerGlobalScope;

/** A server that takes longer for a page that is here counts as away. */
const PATIENCE_MILLISECONDS = 8_000;
const shell = new Shell(SHELL_VERSION);

self.addEventListener("install", (event) => {
  event.waitUntil(shell.install().then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const ready = async (): Promise<void> => {
    await self.registration.navigationPreload?.enable();
    await shell.tidy();
    await self.clients.claim();
  };
  event.waitUntil(ready());
});

self.addEventListener("message", (event) => {
  if ((event.data as { type?: string } | null)?.type === "keep-editor") event.waitUntil(shell.keepEditor());
});

self.addEventListener("fetch", (event) => {
  const found = way(event.request, self.location.origin);
  if (found === "asset") event.respondWith(shell.asset(event.request));
  else if (found === "page") event.respondWith(page(event));
  else if (found === "picture") event.respondWith(picture(event.request));
});

async function page(event: FetchEvent): Promise<Response> {
  const asked = (async () => ((await event.preloadResponse) as Response | undefined) ?? fetch(event.request))();
  const refused = asked.catch(() => "refused" as const);
  const late = new Promise<"late">((soon) => setTimeout(() => soon("late"), PATIENCE_MILLISECONDS));
  const outcome = await Promise.race([refused, late]);
  if (outcome instanceof Response && !away(outcome.status)) return outcome;
  const here = await isKept(new URL(event.request.url).pathname);
  if (outcome === "refused" || here) return (await shell.page(nonce())) ?? asked;
  // This device has nothing to show instead: the answer as it is, or a slow one waited for.
  const last = await refused;
  return last === "refused" ? ((await shell.page(nonce())) ?? asked) : last;
}

async function isKept(pathname: string): Promise<boolean> {
  const { kind, tail } = placeOf(pathname);
  if (kind === "other") return false;
  const book = await Book.open();
  const who = await book?.who();
  const found = who ? await book!.find(who.id, tail) : null;
  return kind === "edit" ? (found?.config ?? found?.html ?? null) !== null : (found?.html ?? null) !== null;
}

async function picture(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    const who = await (await Book.open())?.who();
    const found = who ? await imagesOf(who.id)?.find(request.url) : undefined;
    if (!found) throw error;
    return found;
  }
}

function nonce(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(18));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_");
}
