/** Languages of fenced code, each loaded when a page first uses it. */
import { LanguageDescription, LanguageSupport, StreamLanguage, type StreamParser } from "@codemirror/language";

type Loader = () => Promise<LanguageSupport>;

function legacy(load: () => Promise<StreamParser<unknown>>): Loader {
  return async () => new LanguageSupport(StreamLanguage.define(await load()));
}

const KNOWN: readonly (readonly [name: string, alias: readonly string[], load: Loader])[] = [
  ["JavaScript", ["js", "jsx", "mjs"], async () =>
    (await import("@codemirror/lang-javascript")).javascript({ jsx: true })],
  ["TypeScript", ["ts", "tsx"], async () =>
    (await import("@codemirror/lang-javascript")).javascript({ typescript: true, jsx: true })],
  ["JSON", ["json5"], async () => (await import("@codemirror/lang-json")).json()],
  ["HTML", ["htm"], async () => (await import("@codemirror/lang-html")).html()],
  ["CSS", [], async () => (await import("@codemirror/lang-css")).css()],
  ["Python", ["py"], async () => (await import("@codemirror/lang-python")).python()],
  ["SQL", ["postgres"], async () => (await import("@codemirror/lang-sql")).sql()],
  ["YAML", ["yml"], async () => (await import("@codemirror/lang-yaml")).yaml()],
  ["XML", ["svg"], async () => (await import("@codemirror/lang-xml")).xml()],
  ["Java", [], async () => (await import("@codemirror/lang-java")).java()],
  ["Rust", ["rs"], async () => (await import("@codemirror/lang-rust")).rust()],
  ["Go", ["golang"], async () => (await import("@codemirror/lang-go")).go()],
  ["C++", ["c", "cpp", "cc"], async () => (await import("@codemirror/lang-cpp")).cpp()],
  ["Shell", ["sh", "bash", "zsh", "console"], legacy(async () =>
    (await import("@codemirror/legacy-modes/mode/shell")).shell)],
  ["TOML", [], legacy(async () => (await import("@codemirror/legacy-modes/mode/toml")).toml)],
  ["Ruby", ["rb"], legacy(async () => (await import("@codemirror/legacy-modes/mode/ruby")).ruby)],
  ["Dockerfile", ["docker"], legacy(async () =>
    (await import("@codemirror/legacy-modes/mode/dockerfile")).dockerFile)],
  ["diff", ["patch"], legacy(async () => (await import("@codemirror/legacy-modes/mode/diff")).diff)],
  ["Gherkin", ["feature", "cucumber"], legacy(async () =>
    (await import("@codemirror/legacy-modes/mode/gherkin")).gherkin)],
];

export const codeLanguages: readonly LanguageDescription[] = KNOWN.map(([name, alias, load]) =>
  LanguageDescription.of({ name, alias, load }));
