/** The bell in the head: how much happened that concerns this person, and the way there. */
import { ApiError, type Api } from "../api/http";
import { fill, h, icon } from "../ui/dom";
import { ICONS } from "../ui/icons";

const EVERY_MILLISECONDS = 60_000;
const MOST_SAID = 99;

/** `3`, or `99+`. */
export function howMany(unread: number): string {
  return unread > MOST_SAID ? `${MOST_SAID}+` : String(unread);
}

/** A link to the notifications with the number of unread ones. */
export class Bell {
  readonly element: HTMLAnchorElement;

  constructor(url: string) {
    this.element = h("a", { class: "bell", href: url });
    this.show(0);
  }

  show(unread: number): void {
    const many = howMany(unread);
    const words = unread > 0 ? `Notifications, ${many} unread` : "Notifications";
    this.element.setAttribute("aria-label", words);
    this.element.title = words;
    this.element.classList.toggle("unread", unread > 0);
    const count = unread > 0 ? [h("span", { class: "bell-count", "aria-hidden": "true" }, many)] : [];
    fill(this.element, icon(ICONS.bell), ...count);
  }
}

/** Ask now and every minute while the page is looked at; who comes back to it sees what is new. */
export function keepRinging(bell: Bell, api: Pick<Api, "get">, url: string): () => void {
  const ask = async (): Promise<void> => {
    if (document.visibilityState === "hidden") return;
    try {
      bell.show((await api.get<{ unread: number }>(url)).unread);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      console.info("prdgen: what is new is asked again in a minute", error.message);
    }
  };
  const again = (): void => void ask();
  const timer = setInterval(again, EVERY_MILLISECONDS);
  document.addEventListener("visibilitychange", again);
  again();
  return () => {
    clearInterval(timer);
    document.removeEventListener("visibilitychange", again);
  };
}
