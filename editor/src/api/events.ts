/** Server-sent events about this page: commits, conflicts, changes on disk. */

/** CloudEvents JSON, as far as it is read here. */
export interface PageEvent {
  readonly type: string;
  readonly data: {
    readonly branch?: string | null;
    readonly page_path?: string | null;
    readonly pages?: readonly string[];
    /** `file`, `commit`, `peer`, …: where a change came from. */
    readonly origin?: string;
    readonly summary?: string;
    readonly author?: string;
    readonly commit?: string;
  };
}

const AGAIN_MILLISECONDS = 5_000;
const TYPES = ["git.commit.created", "git.conflict.detected", "content.changed", "prd.deleted"] as const;

/** Is the event about this page? Events without a page are about the branch. */
export function concerns(event: PageEvent, branch: string, pagePath: string): boolean {
  const { data } = event;
  if (data.branch && data.branch !== branch) return false;
  if (data.pages) return data.pages.includes(pagePath);
  return !data.page_path || data.page_path === pagePath;
}

/** What to say about an event, calmly; null: nothing. */
export function spoken(event: PageEvent): string | null {
  const { origin, author } = event.data;
  if (event.type === "git.conflict.detected") {
    return "Someone else changed the same lines. Both versions are in the text; choose when you like.";
  }
  if (event.type === "prd.deleted") {
    return "This page was deleted on its branch. Your text is still here: save a version to restore it.";
  }
  if (event.type === "content.changed" && origin === "file") {
    return "Someone changed this page on disk. The change is in the text now.";
  }
  if (event.type === "content.changed" && origin === "commit") {
    return `${author ?? "Someone"} changed this page with Git. The change is in the text now.`;
  }
  return null;
}

/**
 * Follow the events until the returned function is called. EventSource dials again by itself after
 * a cut, but not after an answer like "503, the store is away"; then a new one is made.
 */
export function followEvents(url: string, heard: (event: PageEvent) => void): () => void {
  let source: EventSource;
  let again: ReturnType<typeof setTimeout> | undefined;
  const receive = (message: MessageEvent<string>): void => {
    const event = JSON.parse(message.data) as PageEvent;
    if (event?.type && event.data) heard(event);
  };
  const open = (): void => {
    source = new EventSource(url);
    source.onmessage = receive;
    for (const type of TYPES) source.addEventListener(type, receive as (event: Event) => void);
    source.onerror = () => {
      if (source.readyState === EventSource.CLOSED) again = setTimeout(open, AGAIN_MILLISECONDS);
    };
  };
  open();
  return () => {
    clearTimeout(again);
    source.close();
  };
}
