/** "Save version": a commit with a message of one's own. */
import { ApiError } from "../api/http";
import { openDialog } from "./dialog";
import { h, keyName } from "./dom";
import type { Notices } from "./notices";

export interface Saving {
  /** Bring everything to the server first; gives whether it is all there. */
  settle(): Promise<boolean>;
  /** Ask the server for the commit; gives the commits it made. */
  save(message: string): Promise<readonly string[]>;
  saved(commits: readonly string[]): void;
  /** Whoever types on types in the text. */
  typeOn(): void;
}

/** Milliseconds after which a version that is still being saved says what it waits for. */
const SOON = 600;

/** The name of the notice about a version. */
export const NOTICE = "version";

/** Ask for a message and save. The dialog closes at once: whoever types on types in the text, however
 * long a hook takes. What went wrong is said above the text, and the message is kept for another try. */
export function openSaveDialog(saving: Saving, notices: Notices, kept = ""): void {
  if (document.querySelector("dialog.dialog[open]")) return;
  const message = h("textarea", {
    id: "version-message", rows: "3", maxlength: "4000",
    placeholder: "What changed, in a sentence (may be empty)",
  });
  message.value = kept;
  const submit = h("button", { type: "submit", class: "primary" }, "Save version");
  const hint = h("span", { class: "hint" }, `${keyName("Mod+Enter")} saves`);
  const form = h("form", { method: "dialog" },
    h("label", { for: "version-message" }, "Message"), message,
    h("footer", {}, hint, submit));
  const dialog = openDialog("Save version", form);
  message.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    dialog.close();
    // The browser gives the focus back, but not always the caret: keys would go nowhere for a moment.
    saving.typeOn();
    void run(saving, message.value.trim(), notices);
  });
  message.focus();
}

async function run(saving: Saving, message: string, notices: Notices): Promise<void> {
  notices.clear(NOTICE);
  const slow = setTimeout(() => notices.show("Saving the version: waiting until the server has stored everything…", { name: NOTICE }), SOON);
  try {
    if (!(await saving.settle())) {
      throw new ApiError("Not everything is stored on the server yet. Try again when it is.", 0);
    }
    const commits = await saving.save(message);
    clearTimeout(slow);
    saving.saved(commits);
  } catch (reason) {
    clearTimeout(slow);
    const again = () => {
      notices.clear(NOTICE);
      openSaveDialog(saving, notices, message);
    };
    notices.show(`The version is not saved. ${told(reason)}`, { kind: "bad", name: NOTICE, actions: [{ text: "Try again", act: again }] });
    if (!(reason instanceof ApiError)) throw reason;
  }
}

function told(reason: unknown): string {
  if (!(reason instanceof ApiError)) return "Something went wrong in this page.";
  return [reason.message, reason.cure].filter(Boolean).join(" ");
}
