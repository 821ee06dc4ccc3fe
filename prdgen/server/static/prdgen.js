// Small comforts of the server's pages; everything works without them.
for (const element of document.querySelectorAll("[data-color]")) {
  element.style.setProperty("--person", element.dataset.color);
}
for (const form of document.querySelectorAll("form[data-autosubmit]")) {
  form.addEventListener("change", (event) => {
    if (event.target instanceof HTMLSelectElement) form.requestSubmit();
  });
}
for (const input of document.querySelectorAll("input[data-copy]")) {
  input.addEventListener("focus", () => input.select());
}
document.addEventListener("keydown", (event) => {
  const typing = event.target instanceof Element && event.target.closest("input, textarea, select, [contenteditable]");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const search = document.getElementById("q");
  if (event.key === "/" && search) {
    event.preventDefault();
    search.focus();
  }
  const edit = document.querySelector("a[href^='/edit/'].primary");
  if (event.key === "e" && edit) edit.click();
});
for (const button of document.querySelectorAll(".copy-link")) {
  button.addEventListener("click", () => navigator.clipboard?.writeText(new URL(button.getAttribute("href"), location.href).href));
}

// What is wider than its place is moved with the arrow keys, too.
const scrollers = () => {
  for (const box of document.querySelectorAll("main :is(pre, pre > code, table, .scroll, figure.diagram, .math-display)")) {
    if (box.scrollWidth <= box.clientWidth + 1 || box.hasAttribute("tabindex") || !/auto|scroll/.test(getComputedStyle(box).overflowX)) continue;
    box.tabIndex = 0;
  }
};
scrollers();
addEventListener("resize", scrollers, { passive: true });
document.addEventListener("toggle", scrollers, { capture: true, passive: true });

// A file that is being made: how far it is, until there is something else to see.
for (const box of document.querySelectorAll("[data-follow]")) {
  const bar = box.querySelector("progress");
  const said = box.querySelector("[data-said]");
  const look = async () => {
    const answer = await fetch(box.dataset.follow).catch(() => null);
    if (answer?.status === 401 || answer?.status === 404) return location.reload();
    const found = answer?.ok ? await answer.json() : null;
    if (found && found.state !== "waiting" && found.state !== "doing") return location.reload();
    if (found?.state === "doing" && found.done) {
      bar.max = found.of;
      bar.value = found.done;
      said.textContent = found.done === found.of ? `All ${found.of} pages are done and are put together.` : `${found.done} of ${found.of} pages done.`;
    } else if (found?.state === "doing") {
      said.textContent = found.of ? `Being made from ${found.of} pages.` : "Being made.";
    }
    setTimeout(look, 1000);
  };
  setTimeout(look, 1000);
}

// Something that is under way: the page anew as soon as it is over, or as one may not see it any more.
for (const box of document.querySelectorAll("[data-await]")) {
  let failed = 0;
  const look = async () => {
    const answer = await fetch(box.dataset.await).catch(() => null);
    const found = answer?.ok ? await answer.json() : null;
    if ((found && !found.looking) || [401, 403, 404].includes(answer?.status)) return location.reload();
    failed = found ? 0 : failed + 1;
    setTimeout(look, Math.min(500 * 2 ** failed, 30000));
  };
  setTimeout(look, 300);
}

// A draft with which others go on: that there is something new is said, and the page stays as it is.
for (const box of document.querySelectorAll("[data-edition]")) {
  let again;
  const look = async () => {
    clearTimeout(again);
    const seen = document.visibilityState === "visible";
    const answer = seen ? await fetch(`/api${location.pathname}/edition`).catch(() => null) : null;
    const found = answer?.ok ? await answer.json() : null;
    const gone = [401, 403, 404].includes(answer?.status);
    if (!gone && (!found || found.edition === box.dataset.edition)) {
      again = setTimeout(look, 10000);
      return;
    }
    document.removeEventListener("visibilitychange", look);
    const words = gone ? "This draft cannot be seen here any more. " : "There is something new in this draft since this page was shown. ";
    const link = Object.assign(document.createElement("a"), { href: location.pathname + location.search, textContent: "Show it" });
    box.replaceChildren(words, link);
  };
  document.addEventListener("visibilitychange", look);
  again = setTimeout(look, 10000);
}

// Drafts: words marked in a page are what a comment is about.
for (const section of document.querySelectorAll(".change")) {
  const page = section.querySelector("[data-marked]");
  const details = section.querySelector("[data-comment]");
  if (!page || !details) continue;
  const form = details.querySelector("form");
  const pick = Object.assign(document.createElement("button"), { type: "button", className: "small primary pick", textContent: "Comment", hidden: true });
  section.append(pick);
  const marked = () => {
    const chosen = getSelection();
    const range = !chosen || chosen.isCollapsed ? null : chosen.getRangeAt(0).cloneRange();
    if (!range || !page.contains(range.startContainer)) return null;
    // Three clicks on the last paragraph reach to what stands behind the page.
    if (!page.contains(range.endContainer)) range.setEnd(page, page.childNodes.length);
    const copy = range.cloneContents();
    // What went is not in the draft, and what was drawn is not in the source.
    for (const gone of copy.querySelectorAll("del, sup, svg, .footnote-backref, .beside, a.said, .badge.moved")) gone.remove();
    const start = range.startContainer instanceof Element ? range.startContainer : range.startContainer.parentElement;
    const line = start.closest("[data-line]")?.dataset.line ?? page.querySelector("[data-line]")?.dataset.line ?? "1";
    return { quote: copy.textContent.trim(), line, box: range.getBoundingClientRect() };
  };
  document.addEventListener("selectionchange", () => {
    const found = marked();
    pick.hidden = !found?.quote;
    if (pick.hidden) return;
    pick.style.left = `${Math.max(0, found.box.left + scrollX)}px`;
    pick.style.top = `${found.box.bottom + scrollY + 6}px`;
  });
  pick.addEventListener("pointerdown", (event) => event.preventDefault());
  pick.addEventListener("click", () => {
    const found = marked();
    if (!found) return;
    form.elements.quote.value = found.quote;
    form.elements.line.value = found.line;
    const shown = form.querySelector("[data-quote]");
    shown.textContent = found.quote;
    shown.hidden = false;
    form.querySelector("[data-hint]").hidden = true;
    form.querySelector("[data-suggest]").hidden = false;
    details.open = true;
    pick.hidden = true;
    form.elements.text.focus();
  });
  form.querySelector("[data-suggest]").addEventListener("click", async (event) => {
    const asked = new URLSearchParams({ page_path: details.dataset.pagePath, quote: form.elements.quote.value, line: form.elements.line.value });
    const answer = await fetch(`/api${location.pathname}/source?${asked}`);
    if (!answer.ok) return;
    const { source } = await answer.json();
    form.elements.suggestion.value = source;
    form.elements.suggest.value = "1";
    form.querySelector("[data-quote]").textContent = source;
    form.querySelector("[data-suggestion]").hidden = false;
    event.target.hidden = true;
    form.elements.suggestion.focus();
  });
}

// Drafts: where there is room, what is said stands at the height of its words, in a column beside them.
const room = matchMedia("(min-width: 76rem)");
for (const article of document.querySelectorAll(".prose.diff, .prose.spoken")) {
  const asides = [...article.querySelectorAll(".beside")];
  if (!asides.length) continue;
  const lift = () => {
    article.classList.toggle("lifted", room.matches);
    article.style.minHeight = "";
    if (!room.matches) return;
    const top = article.getBoundingClientRect().top;
    let free = 0;
    for (const aside of asides) {
      const words = document.getElementById(aside.dataset.at);
      const at = words ? words.getBoundingClientRect().top - top - 12 : free;
      aside.style.top = `${Math.max(free, at)}px`;
      free = Math.max(free, at) + aside.offsetHeight + 12;
    }
    article.style.minHeight = `${free}px`;
  };
  const watch = new ResizeObserver(lift);
  for (const element of [article, ...asides]) watch.observe(element);
  room.addEventListener("change", lift);
  const show = (ids, on) => {
    for (const id of ids) {
      document.getElementById(id)?.classList.toggle("on", on);
      for (const mark of article.querySelectorAll(`mark[data-threads~="${CSS.escape(id)}"]`)) mark.classList.toggle("on", on);
    }
  };
  for (const mark of article.querySelectorAll("mark[data-threads]")) {
    const ids = mark.dataset.threads.split(" ");
    mark.addEventListener("pointerenter", () => show(ids, true));
    mark.addEventListener("pointerleave", () => show(ids, false));
  }
  for (const aside of asides) {
    const ids = [aside.dataset.at.slice(3)];
    for (const kind of ["pointerenter", "focusin"]) aside.addEventListener(kind, () => show(ids, true));
    for (const kind of ["pointerleave", "focusout"]) aside.addEventListener(kind, () => show(ids, false));
  }
}

// A diagram that is made smaller to fit is shown large over the page.
for (const figure of document.querySelectorAll("figure.diagram[class*='diagram-least']")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "diagram-enlarge";
  button.textContent = "Enlarge";
  button.addEventListener("click", () => {
    const dialog = document.createElement("dialog");
    dialog.className = "diagram-large";
    dialog.setAttribute("aria-label", "The diagram, large");
    dialog.innerHTML = '<form method="dialog"><button class="diagram-enlarge">Close</button></form>';
    const drawing = figure.querySelector("svg").cloneNode(true);
    const natural = drawing.width.baseVal.value;
    drawing.style.width = `${Math.max(natural, Math.min(1.6 * natural, 0.92 * innerWidth))}px`;
    dialog.append(drawing);
    dialog.addEventListener("close", () => dialog.remove());
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    document.body.append(dialog);
    dialog.showModal();
  });
  figure.append(button);
}
