/** One page in the browser: its parts made, and told of each other. */
import type { DocHandle } from "@automerge/automerge-repo/slim";
import { EditorView, keymap, type ViewUpdate } from "@codemirror/view";
import { Transaction } from "@codemirror/state";
import { ApiError, type Api } from "./api/http";
import { concerns, followEvents, spoken, type PageEvent } from "./api/events";
import { onTop } from "./binding/splices";
import { remote } from "./binding/plugin";
import type { PageDocument } from "./binding/document";
import { readOnlyReason, type EditorConfig } from "./config";
import { Conflicts } from "./conflicts/watch";
import { createEditor, goToLine, rebind, showProblems } from "./editor";
import type { Keeping } from "./kept/keeping";
import type { Live } from "./live";
import { Channel } from "./presence/channel";
import { Follow } from "./presence/follow";
import { sizeLimit } from "./text/limit";
import { showCursors, type RemoteCursor } from "./presence/cursors";
import type { Guest, Roster } from "./presence/roster";
import { Paused } from "./paused";
import { goOn, type Lying } from "./renamed";
import { PreviewClient, type Preview } from "./preview/client";
import { ScrollSync } from "./preview/scroll-sync";
import { patch } from "./preview/patch";
import type { Model } from "./machine/model";
import { NOTICE, openSaveDialog } from "./ui/save-dialog";
import type { Frame } from "./frame";

/** What saving a version came to. */
interface Saved extends Lying {
  readonly commits: string[];
  /** Why the repository's own hooks said no. */
  readonly refused?: string | null;
}

/** The editor and everything that follows its text. */
export class Page {
  readonly view: EditorView;
  readonly #channel: Channel | null;
  readonly #preview: PreviewClient;
  readonly #conflicts: Conflicts;
  readonly #scroll: ScrollSync;
  readonly #follow: Follow;
  readonly #paused: Paused | null;
  #roster: Roster = new Map();

  constructor(
    private readonly config: EditorConfig,
    private readonly api: Api,
    private readonly frame: Frame,
    private readonly model: Model,
    private readonly keeping: Keeping | null,
    private readonly live: Live | null,
    handle: DocHandle<PageDocument> | null,
    text: string,
  ) {
    const { notices } = frame;
    this.#conflicts = new Conflicts(api,
      { get list() { return config.conflictsUrl; }, resolve: config.conflictResolveUrl },
      (count) => frame.showConflicts(count),
      (words) => notices.show(words, { kind: "warn", name: "conflicts" }));
    this.view = createEditor({
      parent: frame.textBox,
      text,
      label: `Text of ${config.title}`,
      nonce: config.cspNonce,
      readOnly: readOnlyReason(config) !== null,
      binding: live && handle ? live.extension(handle) : [],
      takeImages: () => notices.show("Pasting images is not possible yet; link to a file in the repository.",
        { name: "image", passing: 8_000 }),
      extensions: [
        sizeLimit(config.liveLimit, (words) => notices.show(words, { kind: "warn", name: "limit", passing: 12_000 })),
        this.#conflicts.marks.extension,
        frame.comments.extension,
        EditorView.updateListener.of((update) => this.#updated(update)),
        keymap.of([{ key: "Mod-s", run: () => (this.saveVersion(), true), preventDefault: true }]),
      ],
    });
    this.#scroll = new ScrollSync(this.view, frame.previewBox);
    this.#preview = new PreviewClient(api, config.previewUrl, config, () => this.view.state.sliceDoc(), {
      shown: (preview) => this.#rendered(preview),
      trouble: (words) => frame.previewTrouble(words),
    });
    this.#follow = new Follow(this.view, {
      show: (guest) => this.#bring(guest),
      changed: (guest) => frame.people.follow(guest),
      left: ({ person }) => notices.show(`${person.name} left the page.`, { name: "followed", passing: 5_000 }),
    });
    this.#channel = live && handle ? this.#openChannel(live, handle) : null;
    frame.attach(this);
    this.#preview.changed(0);
    this.connected();
    this.#paused = Paused.of(config, api, notices, keeping);
    if (config.eventsUrl) followEvents(config.eventsUrl, (event) => this.#happened(event));
  }

  /** Ask for a message and make a commit; never the browser's own dialog. */
  saveVersion(): void {
    const { config, live } = this;
    if (!live || readOnlyReason(config) !== null) return;
    openSaveDialog({
      settle: () => live.settled(),
      save: async (message) => {
        const body = { branch: config.branch, page_path: config.pagePath, document: config.documentUrl, message };
        const made = await this.api.post<Saved>(config.saveVersionUrl, body);
        goOn(config, made, this.keeping, this.frame.notices);
        if (made.refused) throw new ApiError(`The repository did not take it: ${made.refused}`, 0);
        return made.commits;
      },
      saved: (commits) => {
        const words = commits.length > 0 ? `Version saved (${commits.at(-1)!.slice(0, 7)}).`
          : "Nothing has changed since the last version.";
        this.frame.notices.show(words, { name: NOTICE, passing: 8_000 });
      },
      typeOn: () => this.view.focus(),
    }, this.frame.notices);
  }

  /** The server is there (again): say hello and ask for what may have come meanwhile. */
  connected(): void {
    this.#channel?.hello();
    void this.#preview.refresh();
    void this.frame.comments.follow(this.api, this.view, async () => await this.#paused?.goesOn() ?? true);
    if (this.config.documentUrl) void this.#conflicts.refresh(this.view);
  }

  /** The connection is away. */
  disconnected(): void { this.#channel?.alone(); }

  /** Go on with another document: the text becomes its text, cursor and undo stay. */
  follow(handle: DocHandle<PageDocument>): void {
    const live = this.live!;
    const { base, pending } = live.binding!.coalescer.handOver();
    rebind(this.view, []);
    const next = onTop(base, handle.doc().content, pending);
    this.view.dispatch({
      changes: next.changes,
      annotations: [remote.of(true), Transaction.addToHistory.of(false)],
    });
    live.session.follow(handle);
    this.keeping?.follows(handle.url);
    rebind(this.view, live.extension(handle, next.pending));
    this.#channel?.follow(handle);
  }

  /** To a line of the text, wherever one is. */
  goTo(line: number): void {
    this.frame.layout.showText();
    goToLine(this.view, line);
  }

  /** To the next conflict. */
  goToConflict(): void {
    this.frame.layout.showText();
    this.#conflicts.jump(this.view);
  }

  /** To where someone is, and along with them until one does something oneself. */
  jump(guest: Guest): void {
    this.frame.layout.showText();
    this.#follow.toggle(guest);
  }

  stopFollowing(): void { this.#follow.stop(); }

  leave(): void {
    this.#channel?.leave();
    this.#preview.stop();
  }

  #openChannel(live: Live, handle: DocHandle<PageDocument>): Channel {
    const inDocument = (offset: number): number => live.binding?.coalescer.inDocument(offset) ?? offset;
    const onPage = (offset: number): [number, number] => {
      const line = this.view.state.doc.lineAt(Math.min(offset, this.view.state.doc.length));
      return [line.number, offset - line.from + 1];
    };
    const channel = new Channel(live.session.peerId, this.config.person, inDocument, onPage, (roster) => {
      this.#roster = roster;
      this.model.happen(roster.size > 0 ? "others-join" : "others-leave");
      this.frame.people.show(roster);
      this.#showCursors();
      this.#follow.moved(roster);
    });
    channel.follow(handle);
    // A cursor behind typed text can be said only when the text is in the document.
    live.onFlushed = () => channel.hello();
    return channel;
  }

  #bring(guest: Guest): boolean {
    const place = this.#place(guest);
    if (!place) return false;
    this.view.dispatch({ effects: EditorView.scrollIntoView(place.head, { y: "center" }) });
    return true;
  }

  #updated(update: ViewUpdate): void {
    if (update.docChanged) {
      if (update.transactions.some((one) => one.docChanged && !one.annotation(remote))) this.#typed();
      this.#preview.changed();
      this.frame.showText(() => update.state.sliceDoc());
      this.#scroll.changed();
    }
    if (update.selectionSet || update.docChanged || update.focusChanged) {
      const { anchor, head } = update.state.selection.main;
      this.#channel?.place(update.view.hasFocus ? { anchor, head } : null);
      const line = update.state.doc.lineAt(head);
      this.frame.showPlace(line.number, head - line.from + 1);
    }
  }

  #typed(): void {
    this.#channel?.typed();
    this.#paused?.typed();
  }

  #rendered(preview: Preview): void {
    if (patch(this.frame.previewBody, preview.html)) this.frame.previewBody.dataset["ready"] = "";
    this.keeping?.rendered(this.frame.previewBody);
    this.#scroll.changed();
    this.frame.outline.show(preview.outline);
    this.frame.showProblems(preview.problems);
    showProblems(this.view, preview.problems);
  }

  #showCursors(): void {
    const cursors: RemoteCursor[] = [];
    for (const guest of this.#roster.values()) {
      const place = this.#place(guest);
      if (place) cursors.push({ person: guest.person, ...place });
    }
    showCursors(this.view, cursors);
  }

  #place(guest: Guest): { anchor: number; head: number } | null {
    const place = this.#channel?.locate(guest);
    const coalescer = this.live?.binding?.coalescer;
    if (!place || !coalescer) return null;
    return { anchor: coalescer.onScreen(place.anchor), head: coalescer.onScreen(place.head) };
  }

  #happened(event: PageEvent): void {
    if (!concerns(event, this.config.branch, this.config.pagePath)) return;
    this.#paused?.stirred();
    const words = this.#paused?.says(event.type) ? null : spoken(event);
    if (words) this.frame.notices.show(words, { name: event.type, passing: 10_000 });
    if (event.type === "git.conflict.detected") void this.#conflicts.refresh(this.view);
  }
}
