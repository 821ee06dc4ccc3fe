/** "Save version": a commit with a message of one's own. */
import { ApiError } from "../api/http";
import { openDialog } from "./dialog";
import { h, keyName } from "./dom";

export interface Saving {
  /** Bring everything to the server first; gives whether it is all there. */
  settle(): Promise<boolean>;
  /** Ask the server for the commit; gives the commits it made. */
  save(message: string): Promise<readonly string[]>;
  saved(commits: readonly string[]): void;
}

/** Milliseconds after which a dialog that seems to do nothing says what it waits for. */
const SOON = 600;

/** Ask for a message and save; errors stay in the dialog with the message. */
export function openSaveDialog(saving: Saving): void {
  if (document.querySelector("dialog.dialog[open]")) return;
  const message = h("textarea", {
    id: "version-message", rows: "3", maxlength: "4000",
    placeholder: "What changed, in a sentence (may be empty)",
  });
  const error = h("p", { class: "dialog-error", role: "alert" });
  const wait = h("p", { class: "hint", role: "status" });
  const submit = h("button", { type: "submit", class: "primary" }, "Save version");
  const hint = h("span", { class: "hint" }, `${keyName("Mod+Enter")} saves`);
  const form = h("form", { method: "dialog" },
    h("label", { for: "version-message" }, "Message"), message, wait, error,
    h("footer", {}, hint, submit));
  const dialog = openDialog("Save version", form);
  message.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (submit.disabled) return;
    submit.disabled = true;
    error.textContent = "";
    const slow = setTimeout(() => (wait.textContent = "Waiting until the server has stored everything…"), SOON);
    void run(saving, message.value.trim())
      .then(() => dialog.close(), (reason: unknown) => (error.textContent = told(reason)))
      .finally(() => {
        clearTimeout(slow);
        wait.textContent = "";
        submit.disabled = false;
      });
  });
  message.focus();
}

async function run(saving: Saving, message: string): Promise<void> {
  if (!(await saving.settle())) {
    throw new ApiError("Not everything is stored on the server yet. Try again when it is.", 0);
  }
  saving.saved(await saving.save(message));
}

function told(reason: unknown): string {
  if (!(reason instanceof ApiError)) throw reason;
  return [reason.message, reason.cure].filter(Boolean).join(" ");
}
