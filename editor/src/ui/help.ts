/** The sheet of keys. */
import { HELP } from "../commands/keys";
import { openDialog } from "./dialog";
import { h, keyName } from "./dom";

/** Show the keys, once. */
export function openHelp(): void {
  if (document.querySelector("dialog.dialog[open]")) return;
  const sections = HELP.map(([title, rows]) =>
    h("section", {}, h("h3", {}, title), h("dl", { class: "keys" },
      ...rows.map(([keys, what]) =>
        h("div", {}, h("dt", {}, h("kbd", {}, keyName(keys))), h("dd", {}, what))))));
  openDialog("Keyboard", h("div", { class: "help" }, ...sections));
}
