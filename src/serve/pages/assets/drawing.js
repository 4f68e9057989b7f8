// Graphs as SVG: one thing with its neighbours, and small networks of triples.

import { el, icon, shortened, svg } from "./dom.js";

/** Highlights a node with all that an edge ties to it. */
function lighting(box, edges, entries) {
  const light = (id) => {
    box.classList.toggle("lit", id !== null);
    const beside = new Set([id]);
    for (const edge of edges) {
      const on = id !== null && (edge.from === id || edge.to === id);
      edge.parts.forEach((part) => part.classList.toggle("on", on));
      if (on) beside.add(edge.from).add(edge.to);
    }
    for (const [key, drawn] of entries) drawn.classList.toggle("on", id !== null && beside.has(key));
  };
  for (const [key, drawn] of entries) {
    drawn.addEventListener("pointerenter", () => light(key));
    drawn.addEventListener("pointerleave", () => light(null));
    drawn.addEventListener("focus", () => light(key));
    drawn.addEventListener("blur", () => light(null));
  }
}

function pressable(drawn, act) {
  drawn.addEventListener("click", act);
  drawn.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    act();
  });
}

/** One thing in the middle, its neighbours on both sides; `open` gets a neighbour. */
export function drawNeighbours(centre, neighbours, open, width) {
  const wide = width >= 560;
  const shown = neighbours.slice(0, wide ? 14 : 10);
  const rows = Math.ceil(shown.length / 2);
  const height = Math.max(190, rows * (wide ? 52 : 46) + 60);
  const [cx, cy] = [width / 2, height / 2];
  const room = wide ? 190 : 112;
  const letters = Math.floor((room - 16) / 6.9);
  const strongest = Math.max(...shown.map((one) => one.weight ?? 0), 0.001);
  const edges = [];
  const entries = new Map();
  const layerEdges = svg("g");
  const layerNodes = svg("g");
  shown.forEach((one, n) => {
    const right = n % 2 === 0;
    const count = right ? Math.ceil(shown.length / 2) : Math.floor(shown.length / 2);
    const row = Math.floor(n / 2);
    const y = count === 1 ? cy : 34 + (row * (height - 68)) / (count - 1);
    const lean = Math.sqrt(Math.max(0.12, 1 - ((y - cy) / (height / 1.6)) ** 2));
    const reach = (width / 2 - room) * lean;
    const x = right ? cx + reach : cx - reach;
    const strength = (one.weight ?? 0) / strongest;
    const line = svg("path", { class: "g-edge", d: `M${cx} ${cy}Q${(cx + x) / 2} ${y} ${x} ${y}`, "stroke-width": (1 + 2.4 * strength).toFixed(2) });
    layerEdges.append(line);
    const parts = [line];
    if (wide && one.name) {
      const label = svg("text", { class: "g-edge-label", x: (cx + x * 3) / 4, y: (cy + y * 7) / 8 - 5, "text-anchor": "middle" }, shortened(one.name, 22));
      layerEdges.append(label);
      parts.push(label);
    }
    edges.push({ from: "", to: one.id, parts });
    const drawn = svg("g", { class: `g-node ${one.kind}`, tabindex: 0, role: "button", "aria-label": `${one.label}, ${one.name ?? (one.kind === "tie" ? "tied to it" : "named together")}` },
      svg("title", {}, one.label), svg("circle", { cx: x, cy: y, r: 6.5 }),
      svg("text", { x: right ? x + 12 : x - 12, y: y + 4.5, "text-anchor": right ? "start" : "end" }, shortened(one.label, letters)));
    pressable(drawn, () => open(one));
    layerNodes.append(drawn);
    entries.set(one.id, drawn);
  });
  const middle = svg("g", { class: "g-node centre" }, svg("circle", { cx, cy, r: 11 }), svg("text", { x: cx, y: cy - 19, "text-anchor": "middle" }, shortened(centre, wide ? 34 : 22)));
  entries.set("", middle);
  const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": `${centre} with its neighbours` }, layerEdges, layerNodes, middle);
  const box = el("div", { class: "drawing" }, picture);
  lighting(box, edges, entries);
  return box;
}

/** Places nodes by springs between tied and repulsion between all (Fruchterman and
    Reingold 1991), from a circle, so that the same graph is always drawn the same. */
function settle(nodes, edges, width, height) {
  const n = nodes.length;
  const rest = 0.75 * Math.sqrt((width * height) / Math.max(n, 1));
  nodes.forEach((node, k) => {
    const angle = (2 * Math.PI * k) / n;
    Object.assign(node, { x: width / 2 + (Math.cos(angle) * width) / 3, y: height / 2 + (Math.sin(angle) * height) / 3 });
  });
  for (let round = 0; round < 260; round += 1) {
    const heat = (width / 9) * (1 - round / 260);
    for (const node of nodes) [node.dx, node.dy] = [(width / 2 - node.x) * 0.03, (height / 2 - node.y) * 0.06];
    for (let i = 0; i < n; i += 1) {
      for (let j = i + 1; j < n; j += 1) {
        const [a, b] = [nodes[i], nodes[j]];
        const [dx, dy] = [a.x - b.x || 0.01 * (i - j), a.y - b.y || 0.01];
        const distance = dx * dx + dy * dy;
        // Far away nodes do not push, or parts without ties would fly off.
        if (distance > 9 * rest * rest) continue;
        const push = (rest * rest) / distance;
        a.dx += dx * push; a.dy += dy * push;
        b.dx -= dx * push; b.dy -= dy * push;
      }
    }
    for (const edge of edges) {
      const [a, b] = [edge.a, edge.b];
      const [dx, dy] = [a.x - b.x, a.y - b.y];
      const pull = Math.hypot(dx, dy) / rest;
      a.dx -= dx * pull; a.dy -= dy * pull;
      b.dx += dx * pull; b.dy += dy * pull;
    }
    for (const node of nodes) {
      const length = Math.hypot(node.dx, node.dy) || 1;
      node.x += (node.dx / length) * Math.min(length, heat);
      node.y += (node.dy / length) * Math.min(length, heat);
    }
  }
  const span = (axis) => [Math.min(...nodes.map((node) => node[axis])), Math.max(...nodes.map((node) => node[axis]))];
  const [[x0, x1], [y0, y1]] = [span("x"), span("y")];
  for (const node of nodes) {
    node.x = x1 > x0 ? 40 + ((node.x - x0) / (x1 - x0)) * (width - 80) : width / 2;
    node.y = y1 > y0 ? 34 + ((node.y - y0) / (y1 - y0)) * (height - 78) : height / 2;
  }
}

/** A network: nodes `{id, label, kind, href}`, edges `{from, to, label}`. */
export function drawNetwork(nodes, edges, width) {
  const scale = Math.max(1, Math.sqrt((nodes.length * 34) / width));
  const [w, h] = [Math.round(width * scale), Math.round(Math.min(width * 0.7, 560) * scale + 60)];
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const pairs = new Map();
  for (const edge of edges) {
    if (edge.from === edge.to) continue;
    const key = `${edge.from}\n${edge.to}`;
    const known = pairs.get(key);
    if (known) known.label += `, ${edge.label}`;
    else pairs.set(key, { ...edge, a: byId.get(edge.from), b: byId.get(edge.to) });
  }
  const tied = [...pairs.values()];
  settle(nodes, tied, w, h);
  const entries = new Map();
  const lines = tied.map((edge) => {
    const line = svg("path", { class: "g-edge", d: `M${edge.a.x} ${edge.a.y}L${edge.b.x} ${edge.b.y}`, "stroke-width": 1.3, "marker-end": "url(#arrow)" });
    const label = svg("text", { class: `g-edge-label${tied.length > 24 ? " when-lit" : ""}`, x: (edge.a.x + edge.b.x) / 2, y: (edge.a.y + edge.b.y) / 2 - 3, "text-anchor": "middle" }, shortened(edge.label, 24));
    return { ...edge, parts: [line, label] };
  });
  const drawnNodes = nodes.map((node) => {
    const anchor = node.x < 110 ? "start" : node.x > w - 110 ? "end" : "middle";
    const drawn = svg("g", { class: `g-node ${node.kind}`, tabindex: 0, role: node.href ? "link" : "img", "aria-label": node.label },
      svg("title", {}, node.title ?? node.label), svg("circle", { cx: node.x, cy: node.y, r: node.kind === "value" ? 4.5 : 7.5 }),
      svg("text", { x: node.x + { start: -8, middle: 0, end: 8 }[anchor], y: node.y + 21, "text-anchor": anchor }, shortened(node.label, 26)));
    if (node.href) pressable(drawn, () => location.assign(node.href));
    entries.set(node.id, drawn);
    return drawn;
  });
  const arrow = svg("defs", {}, svg("marker", { id: "arrow", viewBox: "0 0 8 8", refX: 15, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto-start-reverse" }, svg("path", { d: "M0 0L8 4L0 8z", class: "g-arrow" })));
  const picture = svg("svg", { viewBox: `0 0 ${w} ${h}`, role: "group", "aria-label": `A network of ${nodes.length} nodes` }, arrow, lines.map((line) => line.parts[0]), drawnNodes, lines.map((line) => line.parts[1]));
  const box = el("div", { class: "drawing" }, picture);
  lighting(box, lines, entries);
  return zoomable(box, picture, w, h);
}

/** Buttons that change the size of a picture; dragging and scrolling move it. */
function zoomable(box, picture, width, height) {
  const window_ = el("div", { class: "drawing-window", tabindex: 0, role: "region", "aria-label": "Picture of the graph" }, picture);
  let size = 1;
  const show = (next) => {
    size = Math.min(4, Math.max(0.2, next));
    picture.setAttribute("width", Math.round(width * size));
    picture.setAttribute("height", Math.round(height * size));
  };
  let from = null;
  window_.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "mouse" && !event.target.closest(".g-node")) from = { x: event.clientX, y: event.clientY };
  });
  window_.addEventListener("pointermove", (event) => {
    if (!from || !event.buttons) return;
    window_.scrollBy(from.x - event.clientX, from.y - event.clientY);
    from = { x: event.clientX, y: event.clientY };
  });
  window_.addEventListener("pointerup", () => { from = null; });
  const button = (name, label, act) => el("button", { type: "button", class: "small round", "aria-label": label, title: label, onclick: act }, icon(name));
  box.replaceChildren(window_, el("div", { class: "zoom" }, button("plus", "Larger", () => show(size * 1.3)), button("minus", "Smaller", () => show(size / 1.3)),
    button("fit", "Everything", () => show(window_.clientWidth / width))));
  show(1);
  requestAnimationFrame(() => show(Math.max(0.8, Math.min(1, window_.clientWidth / width))));
  return box;
}
