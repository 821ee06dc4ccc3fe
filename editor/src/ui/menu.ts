/** The "more" menu: a button and a list of links and actions. */
import { button, h, icon } from "./dom";
import { ICONS } from "./icons";

export type Item =
  | { readonly label: string; readonly href: string; readonly download?: boolean }
  | { readonly label: string; readonly act: () => string | void };

/** A menu; an action may give back its own new label (as a toggle does). */
export function menu(label: string, items: readonly Item[]): HTMLElement {
  const list = h("div", { class: "menu-list", role: "menu", hidden: true });
  const opener = button(icon(ICONS.more), () => toggle(list.hidden === true), {
    class: "quiet", "aria-haspopup": "menu", "aria-expanded": "false", "aria-label": label, title: label,
  });
  const box = h("div", { class: "menu" }, opener, list);
  const toggle = (open: boolean): void => {
    list.hidden = !open;
    opener.setAttribute("aria-expanded", String(open));
    if (open) (list.firstElementChild as HTMLElement | null)?.focus();
  };
  list.append(...items.map((item) => entry(item, () => toggle(false))));
  box.addEventListener("keydown", (event) => onKey(event, list, () => {
    toggle(false);
    opener.focus();
  }));
  document.addEventListener("pointerdown", (event) => {
    if (!list.hidden && !box.contains(event.target as Node)) toggle(false);
  });
  return box;
}

function entry(item: Item, close: () => void): HTMLElement {
  if ("href" in item) {
    return h("a", { href: item.href, role: "menuitem", tabindex: "-1", download: item.download === true }, item.label);
  }
  const made = button(item.label, () => {
    const label = item.act();
    if (typeof label === "string") made.textContent = label;
    else close();
  }, { role: "menuitem", tabindex: "-1" });
  return made;
}

function onKey(event: KeyboardEvent, list: HTMLElement, close: () => void): void {
  if (list.hidden) return;
  const items = [...list.children] as HTMLElement[];
  const here = items.indexOf(document.activeElement as HTMLElement);
  const to = {
    ArrowDown: (here + 1) % items.length, ArrowUp: (here - 1 + items.length) % items.length,
    Home: 0, End: items.length - 1,
  }[event.key];
  if (event.key === "Escape") close();
  else if (to !== undefined) items[to]!.focus();
  else return;
  event.preventDefault();
  event.stopPropagation();
}
