/** After a time without the server: who changed which parts of the page meanwhile, said once. */
import { ApiError, type Api } from "../api/http";
import type { EditorConfig } from "../config";
import type { Notices } from "../ui/notices";
import type { Absence } from "./absence";
import { changedSections, lineOf, type Changed } from "./sections";
import { sentence, type Writer } from "./words";

const MOST_BUTTONS = 4;
/** More actors than this are not asked about; it is about names, and these are enough. */
const MOST_ACTORS = 40;

/** Actors of changes, by the id of their document. */
export type Actors = ReadonlyMap<string, readonly string[]>;

export interface Screen {
  text(): string;
  goTo(line: number): void;
}

/** Say what happened meanwhile; nothing when nobody else changed anything. */
export async function welcome(
  absence: Absence, actors: Actors, screen: Screen, config: EditorConfig, api: Pick<Api, "get">, notices: Notices,
): Promise<void> {
  const changed = changedSections(absence.before.text, screen.text());
  if (changed.length === 0) return;
  const words = sentence(changed, await writersOf(actors, config, api), config.person.id, absence.away);
  const there = changed.filter((one) => one.how !== "removed").slice(0, MOST_BUTTONS);
  notices.show(words, { name: "homecoming", actions: there.map((one) => jump(one, screen)) });
}

function jump(section: Changed, screen: Screen): { text: string; act: () => void } {
  return {
    text: section.title || "The beginning",
    act: () => {
      const line = lineOf(screen.text(), section);
      if (line !== null) screen.goTo(line);
    },
  };
}

async function writersOf(actors: Actors, config: EditorConfig, api: Pick<Api, "get">): Promise<Writer[]> {
  const found: Writer[] = [];
  try {
    for (const [id, some] of actors) {
      if (some.length === 0) continue;
      const query = new URLSearchParams({ actors: some.slice(-MOST_ACTORS).join(",") });
      const url = config.writersUrl.replace("{id}", encodeURIComponent(id));
      found.push(...(await api.get<{ items: Writer[] }>(`${url}?${query}`)).items);
    }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    console.warn("prdgen: who changed the page is not known", error.message);
  }
  return found;
}
