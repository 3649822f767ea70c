// Draws a flow graph ({% steps_graph %}) as SVG: dagre says where things go, the server says how a status looks.
// After every htmx swap the nodes take the look of the row with the same data-step, without a new layout.
// Not here: which steps there are and what their statuses mean.
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const TONES = ["quiet", "active", "attention", "good", "bad"];
  const SMALLEST_SCALE = 0.75;

  function element(name, attributes = {}, ...children) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) if (value !== undefined) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }
  const pen = document.createElement("canvas").getContext("2d");
  function widthOf(text, font) {
    pen.font = `${font} ${getComputedStyle(document.body).fontFamily}`;
    return pen.measureText(text).width;
  }
  const shortened = (text, length = 34) => (text.length > length ? `${text.slice(0, length - 1)}…` : text);

  const textStart = (node) => (node.icon ? 42 : 16);

  function laidOut({ nodes, edges }, direction) {
    const graph = new dagre.Graph({ multigraph: true });
    graph.setGraph({ rankdir: direction, nodesep: 28, ranksep: direction === "LR" ? 64 : 40, marginx: 8, marginy: 8 });
    graph.setDefaultEdgeLabel(() => ({}));
    for (const node of nodes) {
      const text = Math.max(widthOf(shortened(node.label), "600 14px"), widthOf(shortened(node.detail || ""), "12px"));
      graph.setNode(node.name, { width: Math.max(110, text + textStart(node) + 16), height: node.detail ? 52 : 40 });
    }
    const known = new Set(nodes.map((node) => node.name));
    const drawn = edges.filter((edge) => known.has(edge.from) && known.has(edge.to));
    drawn.forEach((edge, index) => {
      const width = edge.label ? widthOf(edge.label, "12px") + 12 : 0;
      graph.setEdge(edge.from, edge.to, { width, height: edge.label ? 20 : 0, labelpos: "c" }, String(index));
    });
    dagre.layout(graph);
    return { graph, drawn };
  }

  function curve(points) {
    const [start, ...rest] = points;
    let path = `M${start.x},${start.y}`;
    rest.forEach((point, index) => {
      const next = rest[index + 1];
      if (!next) path += `L${point.x},${point.y}`;
      else path += `Q${point.x},${point.y} ${(point.x + next.x) / 2},${(point.y + next.y) / 2}`;
    });
    return path;
  }

  function drawnEdge(edge, place, arrow) {
    const line = element("path", { class: `graph-edge graph-edge-${edge.kind || "next"}`, d: curve(place.points), "marker-end": `url(#${arrow})` });
    if (!edge.label) return [line];
    const box = element("rect", { class: "graph-edge-box", x: place.x - place.width / 2, y: place.y - 10, width: place.width, height: 20, rx: 4 });
    return [line, box, element("text", { class: "graph-edge-label", x: place.x, y: place.y + 4, "text-anchor": "middle" }, edge.label)];
  }

  function drawnNode(node, place, sprite) {
    const left = place.x - place.width / 2;
    const top = place.y - place.height / 2;
    const link = element("a", { class: "graph-node", href: node.href || `#step-${node.name}`, "data-node": node.name });
    link.append(
      element("rect", { x: left, y: top, width: place.width, height: place.height, rx: 8 }),
      element("use", { class: "graph-icon", x: left + 12, y: place.y - 10, width: 20, height: 20, href: `${sprite}#${node.icon}` }),
      element("text", { class: "graph-label", x: left + textStart(node), y: place.y + (node.detail ? -3 : 5) }, shortened(node.label)),
    );
    if (node.detail) link.append(" ", element("text", { class: "graph-detail", x: left + textStart(node), y: place.y + 15 }, shortened(node.detail)));
    return link;
  }

  function paint(link, { tone, icon, word }, sprite) {
    TONES.forEach((one) => link.classList.toggle(`graph-node-${one}`, one === tone));
    const use = link.querySelector("use");
    if (icon) use.setAttribute("href", `${sprite}#${icon}`);
    use.classList.toggle("is-hidden", !icon);
    const texts = [...link.querySelectorAll("text")].map((text) => text.textContent); // the name begins with what is seen
    link.setAttribute("aria-label", [...texts, word].filter(Boolean).join(" "));
  }

  function draw(figure) {
    const source = JSON.parse(figure.querySelector("script[type='application/json']").textContent);
    const { sprite, direction, label } = figure.dataset;
    const { graph, drawn } = laidOut(source, direction);
    const { width, height } = graph.graph();
    const arrow = `${figure.id}-arrow`;
    const svg = element("svg", { viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": label });
    svg.append(element("defs", {}, element(
      "marker", { id: arrow, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 8, markerHeight: 8, orient: "auto-start-reverse" },
      element("path", { class: "graph-arrow", d: "M0,0.5L8,4L0,7.5z" }),
    )));
    drawn.forEach((edge, index) => svg.append(...drawnEdge(edge, graph.edge(edge.from, edge.to, String(index)), arrow)));
    for (const node of source.nodes) {
      const link = drawnNode(node, graph.node(node.name), sprite);
      paint(link, { tone: node.tone, icon: node.icon, word: node.status }, sprite);
      svg.append(link);
    }
    figure.querySelector(".graph-canvas").replaceChildren(svg);
    figure.querySelector(".graph-list").hidden = true;
    const fit = () => {
      const scale = Math.max(SMALLEST_SCALE, Math.min(1, figure.clientWidth / width));
      svg.setAttribute("width", width * scale);
      svg.setAttribute("height", height * scale);
    };
    fit();
    new ResizeObserver(fit).observe(figure);
    figure.dataset.drawn = "yes";
    recolour(figure);
  }

  function recolour(figure) {
    for (const link of figure.querySelectorAll("[data-node]")) {
      const state = document.querySelector(`[data-step="${CSS.escape(link.dataset.node)}"] .state`);
      if (!state) continue;
      const tone = TONES.find((one) => state.classList.contains(`state-${one}`));
      const icon = state.querySelector("use")?.getAttribute("href").split("#").pop();
      paint(link, { tone, icon, word: state.dataset.status }, figure.dataset.sprite);
    }
  }

  function refresh() {
    for (const figure of document.querySelectorAll("[data-graph]")) {
      if (figure.dataset.drawn) recolour(figure);
      else draw(figure);
    }
  }
  document.addEventListener("DOMContentLoaded", refresh);
  document.addEventListener("htmx:after:swap", refresh);
})();
