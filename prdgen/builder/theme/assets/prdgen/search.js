/* The published site's search: Pagefind's index, loaded when someone first asks. */
(() => {
  "use strict";
  const { base, element } = window.prdgen;
  const SHOWN = 12;
  const FILTERS = { status: ["Status", "Any status", "All statuses", "statuses/"], owner: ["Owner", "Any owner", "All owners", "owners/"] };
  const form = document.getElementById("prd-search");
  if (!form) return;
  const input = document.getElementById("prd-search-input");
  const list = document.getElementById("prd-search-list");
  const state = document.getElementById("prd-search-state");
  const choices = document.getElementById("prd-search-filters");
  const toggle = document.getElementById("__search");
  let engine = null, turn = 0, shown = SHOWN;
  state.textContent = "Type to search";

  const load = () => (engine ??= import(new URL(form.dataset.index, location.href).href).then(async (pagefind) => {
    const options = { baseUrl: base().pathname, excerptLength: 24 };
    await pagefind.options(options);
    /* The index of a large site is in parts. */
    const index = new URL(form.dataset.index, location.href);
    const { parts } = await (await fetch(new URL("parts.json", index))).json();
    await Promise.all(Array.from({ length: parts - 1 }, (_, n) => pagefind.mergeIndex(new URL(`${n + 1}/`, index).href, options)));
    await setUpFilters(pagefind);
    return pagefind;
  }).catch(() => { engine = null; return null; }));

  /* What pages can be chosen by; a filter nobody can choose from is not there. */
  async function setUpFilters(pagefind) {
    const filters = await pagefind.filters();
    const places = [];
    for (const [name, [label, any, all, place]] of Object.entries(FILTERS)) {
      const values = Object.keys(filters[name] || {}).sort();
      if (!values.length) continue;
      const select = element("select", { name, "aria-label": label },
        element("option", { value: "" }, any), ...values.map((value) => element("option", { value }, value)));
      select.addEventListener("change", search);
      choices.append(select);
      places.push(element("a", { href: new URL(place, base()).href }, all));
    }
    choices.append(...places);
    choices.hidden = !choices.children.length;
  }
  const chosen = () => Object.fromEntries([...choices.children].filter((select) => select.value).map((select) => [select.name, select.value]));

  const open = (on) => {
    toggle.checked = on;
    if (on) input.focus();
  };
  const excerpt = (text) => {
    /* Pagefind marks hits with <mark>; everything else is text. */
    const holder = element("span", { class: "prd-hit__text" });
    text.split(/(<mark>.*?<\/mark>)/).forEach((part) => {
      const marked = part.match(/^<mark>(.*)<\/mark>$/);
      const decoder = element("textarea");
      decoder.innerHTML = marked ? marked[1] : part;
      holder.append(marked ? element("mark", {}, decoder.value) : decoder.value);
    });
    return holder;
  };
  /* The page that is opened marks what was looked for (page.js). */
  list.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (link) __md_set("prd-found", [link.href.split("#")[0], input.value.trim()], sessionStorage);
  });
  const hit = (result) => {
    const parts = (result.sub_results || []).filter((sub) => sub.anchor).slice(0, 2);
    const item = element("li", { class: "md-search-result__item" },
      element("a", { class: "prd-hit", href: result.url }, element("strong", {}, result.meta.title || result.url), excerpt(result.excerpt)));
    for (const part of parts) item.append(element("a", { class: "prd-hit prd-hit--part", href: part.url }, element("span", {}, part.title)));
    return item;
  };

  async function search() {
    const mine = ++turn, words = input.value.trim();
    if (!words && !Object.keys(chosen()).length) {
      list.replaceChildren();
      state.textContent = "Type to search";
      return;
    }
    const pagefind = await load();
    if (!pagefind) { state.textContent = "The search index is not ready yet; try again in a moment."; return; }
    const found = await pagefind.debouncedSearch(words || null, { filters: chosen() }, 120);
    if (found === null || mine !== turn) return;
    const results = await Promise.all(found.results.slice(0, shown).map((result) => result.data()));
    if (mine !== turn) return;
    const count = found.results.length;
    state.textContent = count ? `${count} ${count === 1 ? "page" : "pages"}` : "Nothing found";
    list.replaceChildren(...results.map(hit));
    if (count > shown) list.append(more(count));
  }

  function more(count) {
    const button = element("button", { type: "button", class: "prd-nav__all" }, `Show more of ${count}`);
    button.addEventListener("click", async () => {
      const at = shown;
      shown += SHOWN;
      await search();
      list.children[at]?.querySelector("a")?.focus();
    });
    return element("li", { class: "md-search-result__item" }, button);
  }

  input.addEventListener("focus", () => { open(true); load(); });
  input.addEventListener("input", () => { shown = SHOWN; search(); });
  toggle.addEventListener("change", () => toggle.checked && input.focus());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    list.querySelector("a")?.click();
  });
  const box = form.closest(".md-search");
  /* The arrows go from the words through the results; Escape leaves. */
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      open(false);
      input.blur();
      document.getElementById("prd-main")?.focus({ preventScroll: true });
      event.stopPropagation();
    }
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!by || event.target.tagName === "SELECT") return;
    const stops = [input, ...list.querySelectorAll("a, button")];
    stops[Math.max(0, Math.min(stops.indexOf(document.activeElement) + by, stops.length - 1))].focus();
    event.preventDefault();
  });
  box.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !box.contains(event.relatedTarget)) open(false);
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");
    const asked = event.key === "/" || (event.key === "k" && (event.metaKey || event.ctrlKey));
    if (asked && !typing && !event.altKey) { event.preventDefault(); open(true); }
  });
  document.addEventListener("click", (event) => {
    if (toggle.checked && event.target !== toggle && !event.target.closest(".md-search, [for=__search]")) open(false);
  });
})();
