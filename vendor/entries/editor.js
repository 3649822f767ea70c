// The parts of CodeMirror that portal/static/portal/editor.js builds the document editor from. JSON is a subset of YAML,
// so one grammar colours both.
export { basicSetup } from "codemirror";
export { EditorView, keymap } from "@codemirror/view";
export { EditorState } from "@codemirror/state";
export { indentWithTab } from "@codemirror/commands";
export { HighlightStyle, indentUnit, syntaxHighlighting } from "@codemirror/language";
export { forceLinting, lintGutter, linter, nextDiagnostic, openLintPanel, setDiagnostics } from "@codemirror/lint";
export { yaml } from "@codemirror/lang-yaml";
export { tags } from "@lezer/highlight";
