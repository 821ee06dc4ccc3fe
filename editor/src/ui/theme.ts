/** Light, dark or as the system: remembered, and told to the server so that no page flashes. */

export type Theme = "system" | "light" | "dark";

const KEY = "prdgen.theme";

/** The theme after this one, for the toggle. */
export function nextTheme(theme: Theme): Theme {
  return theme === "system" ? "dark" : theme === "dark" ? "light" : "system";
}

export function themeName(theme: Theme): string {
  return { system: "Colours: as the system", light: "Colours: light", dark: "Colours: dark" }[theme];
}

/** The remembered theme. */
export function recallTheme(shelf: Storage | null): Theme {
  const found = shelf?.getItem(KEY);
  return found === "light" || found === "dark" ? found : "system";
}

/** Wear a theme and remember it; the cookie lets the server's pages wear it from the first byte. */
export function wear(theme: Theme, shelf: Storage | null): void {
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
  shelf?.setItem(KEY, theme);
  const age = theme === "system" ? 0 : 31_536_000;
  document.cookie = `prdgen_theme=${theme}; path=/; max-age=${age}; SameSite=Lax`;
}
