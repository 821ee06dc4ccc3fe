/* What one published page does: links to copy, code to copy, large diagrams, what was searched for. */
(() => {
  "use strict";
  const { base, element } = window.prdgen;
  const content = document.getElementById("prd-content");
  const said = element("div", { class: "prd-said", role: "status" });
  document.body.append(said);

  /* Without a secure connection there is no clipboard; then a selected field is copied from. */
  async function copy(text, words) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const field = element("textarea", { class: "prd-copied", "aria-hidden": "true" });
      field.value = text;
      document.body.append(field);
      field.select();
      document.execCommand("copy");
      field.remove();
    }
    said.textContent = words;
    setTimeout(() => { said.textContent = ""; }, 2500);
  }

  function copyButton(label, className, copied) {
    const button = element("button", { type: "button", class: className, "aria-label": label, title: label });
    button.addEventListener("click", () => copied(button));
    return button;
  }

  /* Every heading and requirement has a button that copies its address. */
  function setUpAnchors() {
    for (const place of content.querySelectorAll(":is(h1, h2, h3, h4, h5, h6, .requirement)[id]")) {
      const heading = place.tagName.startsWith("H");
      const name = heading ? place.textContent.trim() : place.id;
      const button = copyButton(`Copy the link to ${name}`, "prd-anchor", (made) => {
        const url = new URL(location.href);
        url.hash = place.id;
        history.replaceState(history.state, "", url);
        copy(url.href, "Link copied");
        made.focus();
      });
      if (heading) {
        /* Lists of headings read the words alone. */
        place.setAttribute("aria-label", name);
        place.append(button);
      } else {
        place.querySelector(".requirement-id")?.after(button);
      }
    }
  }

  function setUpCode() {
    if (content.dataset.copy === undefined) return;
    for (const code of content.querySelectorAll(".highlight > pre > code")) {
      const button = copyButton("Copy this code", "prd-copy", () => copy(code.textContent, "Code copied"));
      code.closest(".highlight").append(button);
    }
  }

  /* What is wider than the page is moved with the arrow keys, too. */
  function setUpScrollers() {
    for (const box of content.querySelectorAll("pre > code, .md-typeset__scrollwrap, table, figure.diagram, .math-display")) {
      const name = box.matches("code") ? "Code" : box.matches("figure") ? "Diagram" : box.matches(".math-display") ? "Formula" : "Table";
      const wide = box.scrollWidth > box.clientWidth + 1 && /auto|scroll/.test(getComputedStyle(box).overflowX);
      if (!wide || box.hasAttribute("tabindex")) continue;
      box.tabIndex = 0;
      if (box.tagName === "DIV" || box.tagName === "CODE") { box.setAttribute("role", "group"); box.setAttribute("aria-label", name); }
    }
  }

  /* A diagram is shown large over the page. */
  function setUpDiagrams() {
    for (const figure of content.querySelectorAll("figure.diagram:has(> svg)")) {
      const button = element("button", { type: "button", class: "diagram-enlarge" }, "Enlarge");
      button.addEventListener("click", () => enlarge(figure));
      figure.append(button);
    }
  }

  function enlarge(figure) {
    const close = element("button", { class: "diagram-enlarge" }, "Close");
    const drawing = figure.querySelector("svg").cloneNode(true);
    const natural = drawing.width.baseVal.value;
    drawing.style.width = `${Math.max(natural, Math.min(1.6 * natural, 0.92 * innerWidth))}px`;
    const scroller = element("div", { class: "diagram-large__room", tabindex: "0", role: "group", "aria-label": "Diagram" }, drawing);
    const dialog = element("dialog", { class: "diagram-large", "aria-label": "The diagram, large" },
      element("form", { method: "dialog" }, close), scroller);
    dialog.addEventListener("close", () => dialog.remove());
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    document.body.append(dialog);
    dialog.showModal();
  }

  /* Words that were searched for are marked, without a change of the page. */
  function setUpMarks() {
    const [url, asked] = __md_get("prd-found", sessionStorage) || [];
    __md_set("prd-found", null, sessionStorage);
    if (url !== location.href.split("#")[0]) return;
    const words = asked.toLowerCase().split(/[^\p{L}\p{N}]+/u).filter((word) => word.length > 1);
    if (!words.length || !window.Highlight || !CSS.highlights) return;
    const ranges = [], walker = document.createTreeWalker(content, NodeFilter.SHOW_TEXT);
    while (walker.nextNode() && ranges.length < 1000) {
      const text = walker.currentNode.data.toLowerCase();
      if (text.length !== walker.currentNode.data.length) continue;
      for (const word of words) {
        for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) {
          const range = new Range();
          range.setStart(walker.currentNode, at);
          range.setEnd(walker.currentNode, at + word.length);
          ranges.push(range);
        }
      }
    }
    CSS.highlights.set("prd-found", new Highlight(...ranges));
    if (!location.hash) ranges[0]?.startContainer.parentElement.scrollIntoView({ block: "center" });
  }

  /* The page somebody is about to open is fetched before, unless their connection is one to spare. */
  function setUpPrefetch() {
    const line = navigator.connection;
    if (line?.saveData || /2g/.test(line?.effectiveType || "")) return;
    const begun = new Set([location.href.split("#")[0]]);
    const fetchSoon = (link) => {
      const url = link.href.split("#")[0];
      const inside = url.startsWith(base().href) && link.protocol === location.protocol;
      if (!inside || begun.has(url) || begun.size > 40 || !/\/$/.test(new URL(url).pathname)) return;
      begun.add(url);
      document.head.append(element("link", { rel: "prefetch", href: url, as: "document" }));
    };
    let waiting = 0;
    const meant = (event) => {
      const link = event.target.closest?.("a[href]");
      clearTimeout(waiting);
      if (link) waiting = setTimeout(() => fetchSoon(link), event.type === "pointerover" ? 80 : 0);
    };
    for (const kind of ["pointerover", "focusin", "touchstart"]) document.addEventListener(kind, meant, { passive: true });
    const next = document.querySelector(".md-footer__link--next");
    if (next && window.IntersectionObserver) {
      const watcher = new IntersectionObserver((seen) => {
        if (!seen.some((one) => one.isIntersecting)) return;
        watcher.disconnect();
        fetchSoon(next);
      });
      watcher.observe(next);
    }
  }

  if (content) {
    setUpAnchors();
    setUpCode();
    setUpDiagrams();
    setUpMarks();
    setUpScrollers();
    addEventListener("resize", setUpScrollers, { passive: true });
  }
  setUpPrefetch();
})();
