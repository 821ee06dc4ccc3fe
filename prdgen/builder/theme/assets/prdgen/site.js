/* The published site's own script: navigation, search and list filters. No dependency, no eval. */
(() => {
  "use strict";
  const base = () => new URL(__md_scope, location.href);
  const element = (name, attributes = {}, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value);
    }
    made.append(...children.filter((child) => child !== null && child !== undefined));
    return made;
  };
  const statusKind = (status) => {
    const word = status.toLowerCase().replace(/[-_]/g, " ").trim();
    if (/review/.test(word)) return "review";
    if (/approved|accepted|active/.test(word)) return "approved";
    if (/shipped|done|implemented/.test(word)) return "shipped";
    if (/superseded|deprecated|rejected|obsolete/.test(word)) return "past";
    return /draft|proposed/.test(word) ? "draft" : "other";
  };

  /* Navigation: one small file for the whole site, drawn around the page that is open. In a large site each
     large folder has a file of its own (`f`), loaded when the folder is opened. */
  const LONG = 40;
  const holds = (node, url) => node.u === url || (node.p !== undefined && url.startsWith(node.p)) || (node.c || []).some((child) => holds(child, url));
  const elsewhere = (url) => /^(https?:\/\/|mailto:)/i.test(url || "");
  const hrefOf = (url) => elsewhere(url) ? url : new URL(url.split("/").map(encodeURIComponent).join("/"), base()).href;

  function navLink(node, current) {
    const here = node.u === current;
    const link = element("a", {
      class: "md-nav__link prd-nav__link" + (here ? " md-nav__link--active" : ""),
      href: hrefOf(node.u), "aria-current": here ? "page" : null, title: node.t.length > 32 ? node.t : null,
    }, element("span", { class: "md-ellipsis" }, node.t));
    if (node.s) link.append(element("i", { class: `prd-dot prd-dot--${statusKind(node.s)}`, title: node.s }));
    return link;
  }

  function navItem(node, current) {
    if (!node.c && !node.f) return element("li", { class: "md-nav__item" }, navLink(node, current));
    const open = holds(node, current);
    const details = element("details", { class: "prd-nav__folder", open: open ? "" : null });
    details.append(element("summary", {}, element("span", { class: "md-ellipsis" }, node.t),
      element("span", { class: "prd-nav__count" }, String(countPages(node)))));
    let drawn = false;
    const draw = async () => {
      if (drawn) return;
      drawn = true;
      details.querySelector(":scope > .prd-nav__trouble")?.remove();
      const inside = node.c ?? await navFile(node.f).catch(() => null);
      drawn = inside !== null;
      if (!drawn) {
        const words = "This folder could not be loaded. Close it and open it again to try once more.";
        details.append(element("p", { class: "prd-nav__trouble", role: "status" }, words));
        return;
      }
      const children = node.u === undefined ? inside : [{ t: "Overview", u: node.u, s: node.s }, ...inside];
      details.append(navList(children, current));
    };
    if (open) waiting.push(draw());
    details.addEventListener("toggle", () => details.open && draw());
    return element("li", { class: "md-nav__item" }, details);
  }

  const waiting = [];
  const navFile = async (name) => {
    const answer = await fetch(new URL(name, base()));
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  };
  const countPages = (node) => node.n ?? (node.u === undefined || elsewhere(node.u) ? 0 : 1) + (node.c || []).reduce((sum, child) => sum + countPages(child), 0);

  function navList(nodes, current) {
    const list = element("ul", { class: "md-nav__list" });
    if (nodes.length <= LONG) {
      list.append(...nodes.map((node) => navItem(node, current)));
      return list;
    }
    /* A folder of hundreds: a filter and the neighbourhood, the rest on demand. */
    const input = element("input", { type: "search", class: "prd-nav__filter", placeholder: `Filter ${nodes.length} pages`, "aria-label": "Filter this folder", autocomplete: "off" });
    const show = (some, note) => {
      list.replaceChildren(...some.map((node) => navItem(node, current)));
      if (note) list.append(note);
    };
    const around = () => {
      const at = Math.max(0, nodes.findIndex((node) => holds(node, current)));
      const first = Math.max(0, Math.min(at - 12, nodes.length - LONG));
      const all = element("button", { type: "button", class: "prd-nav__all" }, `Show all ${nodes.length}`);
      all.addEventListener("click", () => show(nodes));
      show(nodes.slice(first, first + LONG), all);
    };
    input.addEventListener("input", () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      if (!words.length) return around();
      const found = nodes.filter((node) => words.every((word) => (node.t + " " + (node.u || "")).toLowerCase().includes(word)));
      show(found.slice(0, 100), found.length > 100 ? element("li", { class: "prd-nav__more" }, `${found.length - 100} more`) : null);
    });
    around();
    return element("div", { class: "prd-nav__long" }, input, list);
  }

  async function drawNavigation() {
    const place = document.getElementById("prd-nav");
    if (!place) return;
    const answer = await fetch(place.dataset.nav);
    if (!answer.ok) return;
    const nodes = await answer.json();
    const current = place.dataset.page;
    const fixed = place.querySelector(".md-nav__list");
    for (const link of fixed.querySelectorAll("a")) {
      if (link.href === location.href.split("#")[0]) link.classList.add("md-nav__link--active");
    }
    const tree = navList(nodes.filter((node) => node.u !== "" || node.c), current);
    place.append(element("hr", { class: "prd-nav__line" }), tree);
    while (waiting.length) await waiting.pop();
    const active = tree.querySelector(".md-nav__link--active");
    const scroller = place.closest(".md-sidebar__scrollwrap");
    if (active && scroller && active.offsetTop > scroller.clientHeight - 80) {
      scroller.scrollTop = active.offsetTop - scroller.clientHeight / 3;
    }
  }

  /* Search: Pagefind's index, loaded when someone first asks. */
  function setUpSearch() {
    const form = document.getElementById("prd-search");
    if (!form) return;
    const input = document.getElementById("prd-search-input");
    const list = document.getElementById("prd-search-list");
    const state = document.getElementById("prd-search-state");
    const toggle = document.getElementById("__search");
    let engine = null, turn = 0, chosen = -1;
    state.textContent = "Type to search";
    const load = () => (engine ??= import(new URL(form.dataset.index, location.href).href).then(async (pagefind) => {
      const options = { baseUrl: base().pathname, excerptLength: 24 };
      await pagefind.options(options);
      /* The index of a large site is in parts. */
      const index = new URL(form.dataset.index, location.href);
      const { parts } = await (await fetch(new URL("parts.json", index))).json();
      await Promise.all(Array.from({ length: parts - 1 }, (_, n) => pagefind.mergeIndex(new URL(`${n + 1}/`, index).href, options)));
      return pagefind;
    }).catch(() => { engine = null; return null; }));
    const open = (on) => { toggle.checked = on; input.setAttribute("aria-expanded", String(on)); };
    const choose = (at) => {
      const items = [...list.querySelectorAll("a")];
      if (!items.length) return;
      chosen = (at + items.length) % items.length;
      items.forEach((item, n) => item.classList.toggle("prd-hit--chosen", n === chosen));
      items[chosen].scrollIntoView({ block: "nearest" });
    };
    const excerpt = (text) => {
      /* Pagefind marks hits with <mark>; everything else is text. */
      const holder = element("p", { class: "prd-hit__text" });
      text.split(/(<mark>.*?<\/mark>)/).forEach((part) => {
        const marked = part.match(/^<mark>(.*)<\/mark>$/);
        const decoder = element("textarea");
        decoder.innerHTML = marked ? marked[1] : part;
        holder.append(marked ? element("mark", {}, decoder.value) : decoder.value);
      });
      return holder;
    };
    const hit = (result) => {
      const parts = (result.sub_results || []).filter((sub) => sub.anchor).slice(0, 2);
      const item = element("li", { class: "md-search-result__item", role: "option" },
        element("a", { class: "prd-hit", href: result.url }, element("strong", {}, result.meta.title || result.url), excerpt(result.excerpt)));
      for (const part of parts) item.append(element("a", { class: "prd-hit prd-hit--part", href: part.url }, element("span", {}, part.title)));
      return item;
    };
    const search = async () => {
      const mine = ++turn, words = input.value.trim();
      chosen = -1;
      if (!words) { list.replaceChildren(); state.textContent = "Type to search"; return; }
      const pagefind = await load();
      if (!pagefind) { state.textContent = "The search index is not ready yet; try again in a moment."; return; }
      const found = await pagefind.debouncedSearch(words, {}, 120);
      if (found === null || mine !== turn) return;
      const shown = await Promise.all(found.results.slice(0, 12).map((result) => result.data()));
      if (mine !== turn) return;
      state.textContent = found.results.length ? `${found.results.length} pages` : "Nothing found";
      list.replaceChildren(...shown.map(hit));
    };
    input.addEventListener("focus", () => { open(true); load(); });
    input.addEventListener("input", search);
    toggle.addEventListener("change", () => toggle.checked && input.focus());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const items = list.querySelectorAll("a");
      if (items.length) items[Math.max(chosen, 0)].click();
    });
    input.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown") { event.preventDefault(); choose(chosen + 1); }
      else if (event.key === "ArrowUp") { event.preventDefault(); choose(chosen - 1); }
      else if (event.key === "Escape") { open(false); input.blur(); }
    });
    document.addEventListener("keydown", (event) => {
      const typing = event.target.closest("input, textarea, select, [contenteditable]");
      const asked = event.key === "/" || (event.key === "k" && (event.metaKey || event.ctrlKey));
      if (asked && !typing && !event.altKey) { event.preventDefault(); open(true); input.focus(); }
    });
    document.addEventListener("click", (event) => {
      if (toggle.checked && event.target !== toggle && !event.target.closest(".md-search, [for=__search]")) open(false);
    });
  }

  /* Lists: filter the rows by what is typed; ?q= comes from the search form without scripts. */
  function setUpLists() {
    for (const box of document.querySelectorAll("[data-prd-filter]")) {
      const rows = [...box.querySelectorAll("tbody tr")].map((row) => [row, row.textContent.toLowerCase()]);
      if (rows.length < 8) continue;
      const input = element("input", { type: "search", class: "prd-filter", placeholder: "Filter", "aria-label": "Filter this list", autocomplete: "off" });
      const filter = () => {
        const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
        for (const [row, text] of rows) row.hidden = !words.every((word) => text.includes(word));
      };
      input.addEventListener("input", filter);
      box.prepend(input);
      input.value = new URLSearchParams(location.search).get("q") || "";
      filter();
    }
  }

  /* A diagram that is made smaller to fit is shown large over the page. */
  function setUpDiagrams() {
    for (const figure of document.querySelectorAll("figure.diagram[class*='diagram-least']")) {
      const button = element("button", { type: "button", class: "diagram-enlarge" }, "Enlarge");
      button.addEventListener("click", () => {
        const close = element("button", { class: "diagram-enlarge" }, "Close");
        const drawing = figure.querySelector("svg").cloneNode(true);
        const natural = drawing.width.baseVal.value;
        drawing.style.width = `${Math.max(natural, Math.min(1.6 * natural, 0.92 * innerWidth))}px`;
        const dialog = element("dialog", { class: "diagram-large", "aria-label": "The diagram, large" },
          element("form", { method: "dialog" }, close), drawing);
        dialog.addEventListener("close", () => dialog.remove());
        dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
        document.body.append(dialog);
        dialog.showModal();
      });
      figure.append(button);
    }
  }

  const start = () => { drawNavigation(); setUpSearch(); setUpLists(); setUpDiagrams(); };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
