/** The preview follows the text's scrolling, and the text the preview's. */
import type { EditorView } from "@codemirror/view";
import { lineAt, tidy, topOf, type Point } from "./scroll-map";

/** Who scrolled last leads; the other's answer is not taken for a scroll of its own. */
export class ScrollSync {
  #leader: "text" | "preview" | null = null;
  #release: ReturnType<typeof setTimeout> | undefined;
  #points: Point[] | null = null;

  constructor(
    private readonly view: EditorView,
    /** The preview's scrolling box. */
    private readonly box: HTMLElement,
  ) {
    view.scrollDOM.addEventListener("scroll", () => this.#scrolled("text"), { passive: true });
    box.addEventListener("scroll", () => this.#scrolled("preview"), { passive: true });
    new ResizeObserver(() => this.changed()).observe(box.firstElementChild ?? box);
  }

  /** The preview's content or size is another now. */
  changed(): void {
    this.#points = null;
  }

  /** Bring the preview to where the text is. */
  align(): void {
    this.box.scrollTop = topOf(this.#map(), this.#topLine());
  }

  #scrolled(side: "text" | "preview"): void {
    if (this.#leader !== null && this.#leader !== side) return;
    this.#leader = side;
    clearTimeout(this.#release);
    this.#release = setTimeout(() => (this.#leader = null), 120);
    if (side === "text") this.align();
    else this.#alignText(lineAt(this.#map(), this.box.scrollTop));
  }

  #alignText(line: number): void {
    const { state } = this.view;
    const whole = Math.min(Math.max(1, Math.floor(line)), state.doc.lines);
    const block = this.view.lineBlockAt(state.doc.line(whole).from);
    this.view.scrollDOM.scrollTop = block.top + (line - whole) * block.height;
  }

  #topLine(): number {
    const top = this.view.scrollDOM.scrollTop;
    const block = this.view.lineBlockAtHeight(top);
    const line = this.view.state.doc.lineAt(block.from).number;
    return line + Math.max(0, top - block.top) / Math.max(1, block.height);
  }

  #map(): Point[] {
    if (this.#points) return this.#points;
    const origin = this.box.getBoundingClientRect().top - this.box.scrollTop;
    const marked = [...this.box.querySelectorAll<HTMLElement>("[data-line]")].map((element) => ({
      line: Number(element.dataset["line"]),
      top: element.getBoundingClientRect().top - origin,
    }));
    const end = { line: this.view.state.doc.lines + 1, top: this.box.scrollHeight };
    this.#points = tidy([{ line: 1, top: 0 }, ...marked, end]);
    return this.#points;
  }
}
