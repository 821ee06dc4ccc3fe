/** What the server's page tells the editor, and the check that it did. */

export interface Person {
  readonly id: string;
  readonly name: string;
  /** A CSS colour, e.g. `#7c3aed`. */
  readonly color: string;
}

export interface ExportUrls {
  readonly pdf?: string;
  readonly docx?: string;
  readonly md?: string;
}

/** The JSON in `<div id="editor" data-config='…'>`. URLs may be relative to the page. */
export interface EditorConfig {
  /** `automerge:…`, or null when the page cannot be edited live (then `textUrl` is read). */
  readonly documentUrl: string | null;
  /** GET: the page's text; needed only when `documentUrl` is null. */
  readonly textUrl: string | null;
  readonly syncUrl: string;
  readonly branch: string;
  readonly pagePath: string;
  readonly title: string;
  readonly person: Person;
  readonly canWrite: boolean;
  /** Why nothing can be typed here, in words; null when writing is possible. */
  readonly readOnlyReason: string | null;
  /** Bytes a page may have to be edited live. */
  readonly liveLimit: number;
  readonly previewUrl: string;
  readonly saveVersionUrl: string;
  readonly conflictsUrl: string;
  /** `{id}` is replaced by the conflict's id. */
  readonly conflictResolveUrl: string;
  /** `{id}` is replaced by the document's id. */
  readonly lateUrl: string;
  /** POST: changes of a document whose editor is closed; `{id}` is replaced by its id. */
  readonly deliverUrl: string;
  /** GET, with `?actors=`: who they are; `{id}` is replaced by the document's id. */
  readonly writersUrl: string;
  /** GET: what keeps the text from its file or its commit; null: not asked. */
  readonly statusUrl: string | null;
  /** Server-sent events about this page; null: none. */
  readonly eventsUrl: string | null;
  readonly exportUrls: ExportUrls;
  readonly pageUrl: string;
  readonly historyUrl: string;
  /** The draft this page is in; null: it is on main. */
  readonly draftUrl: string | null;
  /** POST, a form with `page_path`: begins a draft of this page and leads to it; null: not by this person. */
  readonly startDraftUrl: string | null;
  readonly homeUrl: string;
  /** The page of what happened that concerns this person; null: they are not told of anything. */
  readonly notificationsUrl: string | null;
  /** GET: `{unread}`, how much of it they have not read. */
  readonly unreadUrl: string;
  /** The service worker; null: nothing is kept for the time without the server. */
  readonly workerUrl: string | null;
  /** The list of pages kept on this device. */
  readonly keptUrl: string;
  readonly csrfToken: string;
  readonly cspNonce: string;
  readonly serverStorageId: string;
}

/** The page around the editor is not what the editor needs. */
export class BadShell extends Error {}

const REQUIRED = [
  "syncUrl", "branch", "pagePath", "title", "person", "previewUrl", "saveVersionUrl",
  "conflictsUrl", "pageUrl", "historyUrl", "csrfToken", "cspNonce", "serverStorageId",
] as const;

/** Read and check the configuration; optional facts get their defaults. Raises BadShell. */
export function readConfig(json: string | undefined): EditorConfig {
  if (!json) throw new BadShell("The page has no data-config for the editor.");
  const given = JSON.parse(json) as Partial<EditorConfig>;
  const missing = REQUIRED.filter((name) => given[name] === undefined);
  if (missing.length > 0) throw new BadShell(`data-config lacks: ${missing.join(", ")}.`);
  const defaults: Partial<EditorConfig> = {
    documentUrl: null,
    textUrl: null,
    canWrite: false,
    readOnlyReason: null,
    liveLimit: 262_144,
    conflictResolveUrl: "/api/conflicts/{id}/resolve",
    lateUrl: "/api/documents/{id}/late",
    deliverUrl: "/api/documents/{id}/changes",
    writersUrl: "/api/documents/{id}/writers",
    statusUrl: null,
    eventsUrl: null,
    exportUrls: {},
    homeUrl: "/",
    notificationsUrl: null,
    unreadUrl: "/api/notifications?limit=1",
    draftUrl: null,
    startDraftUrl: null,
    workerUrl: null,
    keptUrl: "/offline",
  };
  return { ...defaults, ...given } as EditorConfig;
}

/** Why this person cannot type here, or null when they can. */
export function readOnlyReason(config: EditorConfig): string | null {
  if (config.readOnlyReason) return config.readOnlyReason;
  if (!config.canWrite) return "your role is reader";
  if (!config.documentUrl) return "this page cannot be edited live";
  return null;
}
