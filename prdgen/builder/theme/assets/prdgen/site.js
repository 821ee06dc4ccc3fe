/* The published site's own script: navigation and list filters. No dependency, no eval. */
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
  window.prdgen = { base, element };
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
      all.addEventListener("click", () => {
        show(nodes);
        list.querySelector("a, summary")?.focus();
      });
      show(nodes.slice(first, first + LONG), element("li", {}, all));
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

  const start = () => { drawNavigation(); setUpLists(); };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
