// Turns <textarea data-editor> into a YAML/JSON editor. The textarea stays in the form and always holds the text, so
// that a page without scripts, or with htmx, sends the same. data-problems names a JSON script of
// [{line, path, message}], shown at their lines; links with data-editor-line jump to a line.
(() => {
  const nonce = document.currentScript?.nonce || document.querySelector("script[nonce]")?.nonce || "";
  const { EditorView, EditorState, HighlightStyle, basicSetup, indentUnit, indentWithTab, keymap, lintGutter, setDiagnostics, syntaxHighlighting, tags, yaml } = CodeMirror;
  const views = new WeakMap();

  const colours = HighlightStyle.define([
    { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--series-1)" },
    { tag: [tags.string, tags.content], color: "var(--ink)" },
    { tag: [tags.number, tags.bool, tags.null, tags.keyword], color: "var(--series-3)" },
    { tag: [tags.comment, tags.lineComment], color: "var(--ink-soft)", fontStyle: "italic" },
    { tag: [tags.meta, tags.labelName, tags.typeName], color: "var(--series-2)" },
    { tag: [tags.punctuation, tags.separator, tags.squareBracket, tags.brace], color: "var(--ink-soft)" },
  ]);
  const theme = EditorView.theme({
    "&": { color: "var(--ink)", backgroundColor: "var(--surface)", fontSize: ".875rem" },
    "&.cm-focused": { outline: "3px solid var(--tblr-primary)", outlineOffset: "1px" },
    ".cm-content": { caretColor: "var(--ink)", minHeight: "12rem" },
    ".cm-gutter": { minHeight: "12rem" },
    ".cm-scroller": { fontFamily: "var(--tblr-font-monospace)", lineHeight: "1.55", maxHeight: "70vh" },
    ".cm-cursor": { borderLeftColor: "var(--ink)" },
    ".cm-gutters": { color: "var(--ink-soft)", backgroundColor: "color-mix(in srgb, var(--ink) 3%, var(--surface))", borderRight: "1px solid var(--line)" },
    ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in srgb, var(--tblr-primary) 7%, transparent)" },
    "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "color-mix(in srgb, var(--tblr-primary) 25%, transparent)" },
    ".cm-panels, .cm-tooltip": { color: "var(--ink)", backgroundColor: "var(--surface)", borderColor: "var(--line)" },
    ".cm-foldPlaceholder": { color: "var(--ink-soft)", backgroundColor: "transparent" },
    ".cm-diagnostic-error": { borderLeftColor: "var(--tone-bad)" },
    ".cm-textfield, .cm-button": { color: "var(--ink)", backgroundColor: "var(--surface)", backgroundImage: "none", border: "1px solid var(--line)" },
  });

  function nameOf(textarea) {
    const label = textarea.labels?.[0];
    return textarea.getAttribute("aria-label") || label?.textContent.replace("*", "").trim() || "Document";
  }

  function showProblems(view, textarea) {
    const script = document.getElementById(textarea.dataset.problems || "");
    if (!script) return;
    const { doc } = view.state;
    const diagnostics = JSON.parse(script.textContent).filter((problem) => problem.line >= 1 && problem.line <= doc.lines).map((problem) => {
      const line = doc.line(problem.line);
      const indent = line.text.length - line.text.trimStart().length;
      return { from: line.from + indent, to: line.to, severity: problem.severity || "error", message: problem.message };
    });
    view.dispatch(setDiagnostics(view.state, diagnostics));
  }

  function enhance(textarea) {
    const editable = !textarea.readOnly && !textarea.disabled;
    const described = textarea.getAttribute("aria-describedby");
    const place = Object.assign(document.createElement("div"), { className: "editor" });
    textarea.before(place);
    textarea.hidden = true;
    const view = new EditorView({
      parent: place,
      doc: textarea.value,
      extensions: [
        EditorView.cspNonce.of(nonce),
        basicSetup, yaml(), lintGutter(), indentUnit.of("  "), keymap.of([indentWithTab]), theme, syntaxHighlighting(colours),
        EditorState.readOnly.of(!editable), EditorView.lineWrapping,
        EditorView.contentAttributes.of({ "aria-label": nameOf(textarea), ...(described && { "aria-describedby": described }) }),
        EditorView.updateListener.of((update) => {
          if (!update.docChanged) return;
          textarea.value = update.state.doc.toString();
          textarea.dispatchEvent(new Event("input", { bubbles: true }));
        }),
      ],
    });
    textarea.required = false; // a hidden field cannot show the browser's message: the server says it
    textarea.labels?.forEach((label) => label.addEventListener("click", () => view.focus()));
    if (editable) {
      const hint = Object.assign(document.createElement("p"), { className: "form-hint editor-hint", textContent: "Tab indents; press Esc, then Tab, to leave the editor." });
      textarea.after(hint);
    }
    views.set(textarea, view);
  }

  function refresh() {
    for (const textarea of document.querySelectorAll("textarea[data-editor]")) {
      if (!views.has(textarea)) enhance(textarea);
      showProblems(views.get(textarea), textarea);
    }
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-editor-line]");
    const textarea = document.querySelector("textarea[data-editor]");
    const view = textarea && views.get(textarea);
    if (!link || !view) return;
    event.preventDefault();
    const line = view.state.doc.line(Math.min(Number(link.dataset.editorLine), view.state.doc.lines));
    view.dispatch({ selection: { anchor: line.from }, effects: EditorView.scrollIntoView(line.from, { y: "center" }) });
    view.focus();
  });
  document.addEventListener("DOMContentLoaded", refresh);
  document.addEventListener("htmx:after:swap", refresh);
})();
