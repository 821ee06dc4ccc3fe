/** The place where pasted and dropped images come in. */
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";

/** Takes images at an offset of the text. */
export type TakeImages = (files: readonly File[], position: number) => void;

/** Images of a paste or drop go to `take`; everything else is CodeMirror's. */
export function imageInput(take: TakeImages): Extension {
  const handle = (event: Event, data: DataTransfer | null, position: number): boolean => {
    const images = [...(data?.files ?? [])].filter((file) => file.type.startsWith("image/"));
    if (images.length === 0) return false;
    event.preventDefault();
    take(images, position);
    return true;
  };
  return EditorView.domEventHandlers({
    paste: (event, view) => handle(event, event.clipboardData, view.state.selection.main.head),
    drop: (event, view) => {
      const at = view.posAtCoords({ x: event.clientX, y: event.clientY });
      return handle(event, event.dataTransfer, at ?? view.state.doc.length);
    },
  });
}
