/** The bar between text and preview: dragged, or moved with the arrow keys. */
import { h } from "./dom";

/** `moved` is given the text's share of `frame` in percent. */
export function divider(frame: () => DOMRect, share: () => number, moved: (share: number) => void): HTMLElement {
  const bar = h("div", {
    class: "divider", role: "separator", tabindex: "0", "aria-orientation": "vertical",
    "aria-label": "Width of the text", "aria-valuemin": "20", "aria-valuemax": "80",
  });
  bar.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    bar.setPointerCapture(event.pointerId);
  });
  bar.addEventListener("pointermove", (event) => {
    if (!bar.hasPointerCapture(event.pointerId)) return;
    const { left, width } = frame();
    moved(((event.clientX - left) / width) * 100);
  });
  bar.addEventListener("dblclick", () => moved(50));
  bar.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -5, ArrowRight: 5 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    moved(share() + step);
  });
  return bar;
}
