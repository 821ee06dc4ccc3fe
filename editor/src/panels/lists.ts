/** The side panel's lists: outline, problems. Both say where in the text a click goes. */
import type { Heading, Problem } from "../preview/client";
import { button, fill, h } from "../ui/dom";

export type GoTo = (line: number) => void;

/** The heading whose part of the text holds `line`, by its place in the list; -1: above all. */
export function currentHeading(outline: readonly Heading[], line: number): number {
  let current = -1;
  outline.forEach((heading, index) => {
    if (heading.line <= line) current = index;
  });
  return current;
}

export class OutlinePanel {
  readonly element = h("nav", { class: "panel outline", "aria-label": "Outline" });
  #outline: readonly Heading[] = [];
  #buttons: HTMLButtonElement[] = [];

  constructor(private readonly goTo: GoTo) {
    this.show([]);
  }

  show(outline: readonly Heading[]): void {
    this.#outline = outline;
    this.#buttons = outline.map((heading) =>
      button(heading.text, () => this.goTo(heading.line), { class: `outline-${Math.min(heading.level, 4)}` }));
    const list = h("ul", {}, ...this.#buttons.map((one) => h("li", {}, one)));
    const empty = h("p", { class: "hint" }, "Headings of the page appear here.");
    fill(this.element, h("h2", {}, "Outline"), outline.length > 0 ? list : empty);
  }

  /** The cursor is in this line. */
  at(line: number): void {
    const current = currentHeading(this.#outline, line);
    this.#buttons.forEach((one, index) => {
      if (index === current) one.setAttribute("aria-current", "true");
      else one.removeAttribute("aria-current");
    });
  }
}

export class ProblemsPanel {
  readonly element = h("section", { class: "panel problems", "aria-label": "Problems" });

  constructor(private readonly goTo: GoTo) {
    this.show([]);
  }

  show(problems: readonly Problem[]): void {
    const rows = problems.map((problem) =>
      h("li", {}, button(`Line ${problem.line}: ${problem.message}`, () => this.goTo(problem.line))));
    const none = h("p", { class: "hint" }, "No problems found.");
    fill(this.element, h("h2", {}, "Problems"), problems.length > 0 ? h("ul", {}, ...rows) : none);
  }
}
