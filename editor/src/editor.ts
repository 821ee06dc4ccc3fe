/** CodeMirror, set up for pages. */
import { autocompletion } from "@codemirror/autocomplete";
import { history } from "@codemirror/commands";
import { lintGutter, setDiagnostics, type Diagnostic } from "@codemirror/lint";
import { Compartment, EditorState, type Extension } from "@codemirror/state";
import {
  drawSelection, dropCursor, EditorView, highlightActiveLine, highlightSpecialChars, placeholder,
} from "@codemirror/view";
import { pageKeys } from "./commands/keys";
import { slashMenu } from "./commands/slash";
import { findPanel } from "./find/panel";
import { requirementChips } from "./look/chips";
import { lineLook } from "./look/lines";
import { pageLanguage } from "./look/markdown";
import { taskBoxes } from "./look/tasks";
import { remoteCursors } from "./presence/cursors";
import type { Problem } from "./preview/client";
import { cleanText } from "./text/clean";
import { imageInput, type TakeImages } from "./text/images";

export interface EditorOptions {
  readonly parent: HTMLElement;
  readonly text: string;
  readonly label: string;
  readonly nonce: string;
  readonly readOnly: boolean;
  readonly takeImages: TakeImages;
  /** What binds the text to its document; replaced by `rebind`. */
  readonly binding: Extension;
  readonly extensions: readonly Extension[];
}

const binding = new Compartment();

/** A page's editor. */
export function createEditor(options: EditorOptions): EditorView {
  const { label, readOnly } = options;
  const state = EditorState.create({
    doc: options.text,
    extensions: [
      EditorView.cspNonce.of(options.nonce),
      cleanText(),
      EditorState.readOnly.of(readOnly),
      EditorView.lineWrapping,
      EditorView.contentAttributes.of({
        "aria-label": label, "aria-readonly": String(readOnly), tabindex: "0",
        spellcheck: "true", autocorrect: "on", autocapitalize: "sentences", "data-gramm": "false",
      }),
      history(), drawSelection(), dropCursor(), highlightActiveLine(), highlightSpecialChars(),
      placeholder(readOnly ? "This page is empty." : "Write, or type / for a menu"),
      pageLanguage(), lineLook(), taskBoxes(), requirementChips(), remoteCursors(),
      autocompletion({ override: [slashMenu], icons: false, closeOnBlur: true }),
      findPanel(), lintGutter(), imageInput(options.takeImages),
      pageKeys(),
      binding.of(options.binding),
      ...options.extensions,
    ],
  });
  return new EditorView({ state, parent: options.parent });
}

/** Let go of the old document and bind to another one. */
export function rebind(view: EditorView, extension: Extension): void {
  view.dispatch({ effects: binding.reconfigure(extension) });
}

/** Show the problems on their lines. */
export function showProblems(view: EditorView, problems: readonly Problem[]): void {
  const { doc } = view.state;
  const diagnostics = problems.map((problem): Diagnostic => {
    const line = doc.line(Math.min(Math.max(1, problem.line), doc.lines));
    const message = problem.hint ? `${problem.message} ${problem.hint}` : problem.message;
    return { from: line.from, to: line.to, severity: "warning", message };
  });
  view.dispatch(setDiagnostics(view.state, diagnostics));
}

/** Go to a line and give the text the focus. */
export function goToLine(view: EditorView, line: number): void {
  const at = view.state.doc.line(Math.min(Math.max(1, line), view.state.doc.lines)).from;
  const effects = EditorView.scrollIntoView(at, { y: "start", yMargin: 24 });
  view.dispatch({ selection: { anchor: at }, effects });
  view.focus();
}
