// The evidence graph of one answer: question, entities, passages, documents, drawn in
// columns where there is room and as an indented list where there is not.

import { el, svg } from "./dom.js";
import { documentId, documentPage } from "./api.js";

const KINDS = ["question", "entity", "fragment", "document"];
const WORDS = { question: "Question", entity: "Things it names", fragment: "Passages", document: "Documents" };
const SPOKEN = { question: "Question", entity: "Thing", fragment: "Passage", document: "Document" };
const LINE = 16;

/** The steps of a walk as `{kind, label, id}`, whether the interface sends labels or objects. */
export function steps(citation) {
  const path = citation.path?.steps ?? citation.path ?? [];
  return path.map((step, n) => {
    if (typeof step !== "string") {
      const inner = step.Entity ?? step.Fragment ?? step;
      const kind = step.Entity ? "entity" : step.Fragment ? "fragment" : String(step.kind ?? step.type ?? "entity").toLowerCase();
      return { kind: kind === "entity" ? "entity" : "fragment", label: inner.label ?? "", id: inner.id };
    }
    const own = step === citation.title || step.startsWith(`${citation.title} (`);
    return { kind: own || (n === path.length - 1 && n > 0) ? "fragment" : "entity", label: step };
  });
}

/** Nodes and edges of an answer; each knows the citations that it belongs to. */
export function trailOf(question, citations) {
  const nodes = new Map();
  const edges = new Map();
  const node = (kind, key, label, more, n) => {
    const id = `${kind}:${key}`;
    if (!nodes.has(id)) nodes.set(id, { id, kind, label, citations: new Set(), ...more });
    nodes.get(id).citations.add(n);
    return id;
  };
  const edge = (a, b, n) => {
    if (a === b) return;
    const key = `${a}\n${b}`;
    if (!edges.has(key)) edges.set(key, { from: a, to: b, citations: new Set() });
    edges.get(key).citations.add(n);
  };
  for (const [n, citation] of citations.entries()) {
    const start = node("question", "", question || "The picture", {}, n);
    const name = citation.section ? `${citation.title} (${citation.section})` : citation.title;
    const place = citation.section ? citation.section.split(" > ").pop() : citation.title;
    let last = start;
    for (const step of steps(citation)) {
      if (step.kind === "fragment" && step.label === name) continue;
      const next = node(step.kind, step.label, step.label.replace(/^(.+) \(\1\)$/, "$1"), { entity: step.id }, n);
      edge(last, next, n);
      last = next;
    }
    const own = node("fragment", name, `${citation.number} · ${place}`, { cited: true, open: n, spoken: `${citation.number}, ${name}` }, n);
    Object.assign(nodes.get(own), { cited: true, open: nodes.get(own).open ?? n, label: nodes.get(own).label === name ? `${citation.number} · ${place}` : nodes.get(own).label });
    edge(last, own, n);
    const document = node("document", documentId(citation), citation.title, { page: documentPage(documentId(citation)) }, n);
    edge(own, document, n);
  }
  const led = new Set([...edges.values()].filter((one) => !one.from.startsWith("question:")).map((one) => one.to));
  const kept = [...edges.values()].filter((one) => !(one.from.startsWith("question:") && one.to.startsWith("fragment:") && led.has(one.to)));
  return { nodes: [...nodes.values()], edges: kept };
}

/** Breaks a label into lines of at most `width` characters. */
function lines(label, width, most) {
  const words = label.split(/\s+/);
  const found = [""];
  for (const word of words) {
    const last = found[found.length - 1];
    if (last && last.length + 1 + word.length > width) found.push(word);
    else found[found.length - 1] = last ? `${last} ${word}` : word;
  }
  const kept = found.slice(0, most).map((line) => (line.length > width ? `${line.slice(0, width - 1)}…` : line));
  if (found.length > most) kept[most - 1] = `${kept[most - 1].slice(0, width - 1).trimEnd()}…`;
  return kept;
}

/** Orders each column by where the nodes beside it stand, so that few edges cross; passages
    that the question reaches directly come last, below the things that it names. */
function ordered(trail, layers) {
  const beside = (node) => trail.edges.flatMap((edge) => (edge.from === node.id ? [edge.to] : edge.to === node.id ? [edge.from] : []));
  const direct = (node) => Number(!beside(node).some((id) => id.startsWith("entity:")));
  layers[2].sort((a, b) => direct(a) - direct(b));
  const rank = new Map(layers[2].map((node, n) => [node.id, n]));
  const mean = (node) => {
    const ranks = beside(node).map((id) => rank.get(id)).filter((n) => n !== undefined);
    return ranks.length ? ranks.reduce((a, b) => a + b, 0) / ranks.length : 0;
  };
  for (const layer of [layers[1], layers[3]]) layer.sort((a, b) => mean(a) - mean(b));
  return layers;
}

function inColumns(trail, layers, width) {
  const present = layers.filter((layer) => layer.length);
  const weight = { question: 0.9, entity: 0.8, fragment: 1.1, document: 1.1 };
  const gap = 36;
  const total = present.reduce((sum, layer) => sum + weight[layer[0].kind], 0);
  const unit = (width - gap * (present.length - 1)) / total;
  let x = 0;
  const heights = present.map((layer) => {
    const wide = unit * weight[layer[0].kind];
    let y = 26;
    for (const node of layer) {
      node.lines = lines(node.label, Math.floor((wide - 22) / 6.9), node.kind === "question" ? 5 : 2);
      Object.assign(node, { x, y, width: wide, height: 16 + node.lines.length * LINE });
      y += node.height + 12;
    }
    layer.head = { x, y: 12, text: WORDS[layer[0].kind] };
    x += wide + gap;
    return y - 12;
  });
  const height = Math.max(...heights);
  present.forEach((layer, n) => {
    const shift = layer[0].kind === "entity" ? 0 : (height - heights[n]) / 2;
    layer.forEach((node) => { node.y += shift; });
  });
  const curve = (a, b) => {
    const [left, right] = a.x <= b.x ? [a, b] : [b, a];
    const [x1, y1, x2, y2] = [left.x + left.width, left.y + left.height / 2, right.x, right.y + right.height / 2];
    if (left.x === right.x) return `M${left.x} ${y1}C${left.x - 26} ${y1},${left.x - 26} ${y2},${left.x} ${y2}`;
    if (left.kind === "question" && right.kind === "fragment" && present.length > 3) {
      // Past the column between, at the height of the passage.
      const turn = left.x + left.width + gap - 6;
      return `M${x1} ${y1}C${x1 + gap / 2} ${y1},${turn - gap / 2} ${y2},${turn} ${y2}H${x2}`;
    }
    const bend = Math.max(18, (x2 - x1) / 2);
    return `M${x1} ${y1}C${x1 + bend} ${y1},${x2 - bend} ${y2},${x2} ${y2}`;
  };
  return { height: height + 2, curve, heads: present.map((layer) => layer.head) };
}

function stacked(trail, layers, width) {
  let y = 0;
  const heads = [];
  for (const [level, layer] of layers.filter((l) => l.length).entries()) {
    heads.push({ x: level * 16, y: y + 12, text: WORDS[layer[0].kind] });
    y += 22;
    for (const node of layer) {
      const x = level * 16;
      node.lines = lines(node.label, Math.floor((width - x - 24) / 6.9), 2);
      Object.assign(node, { x, y, width: width - x, height: 16 + node.lines.length * LINE });
      y += node.height + 8;
    }
    y += 8;
  }
  const curve = (a, b) => {
    const [up, down] = a.y <= b.y ? [a, b] : [b, a];
    const x = Math.min(up.x, down.x) + 7;
    const to = down.y + down.height / 2;
    return down.x > x ? `M${x} ${up.y + up.height}V${to - 6}q0 6 6 6H${down.x}` : `M${x} ${up.y + up.height}V${down.y}`;
  };
  return { height: y, curve, heads };
}

function drawn(node, open) {
  const spoken = `${SPOKEN[node.kind]}: ${node.spoken ?? node.label}`;
  const act = node.kind === "fragment" && node.open !== undefined ? () => open(node.open)
    : node.kind === "document" ? () => location.assign(node.page)
      : node.kind === "entity" ? () => location.assign(node.entity ? `/graph#entity=${encodeURIComponent(node.entity)}` : `/graph#find=${encodeURIComponent(node.label)}`)
        : null;
  const group = svg("g", { class: `t-node ${node.kind}${node.cited ? " cited" : ""}`, tabindex: act ? 0 : null, role: act ? (node.kind === "fragment" ? "button" : "link") : null, "aria-label": act ? spoken : null },
    svg("title", {}, spoken),
    svg("rect", { class: "box", x: node.x, y: node.y, width: node.width, height: node.height, rx: 8 }),
    svg("path", { class: "band", d: `M${node.x + 5} ${node.y}h-1a4 4 0 0 0-4 4v${node.height - 8}a4 4 0 0 0 4 4h1z` }),
    svg("text", { x: node.x + 13, y: node.y + 20 }, node.lines.map((line, n) => svg("tspan", { x: node.x + 13, dy: n ? LINE : 0 }, line))));
  if (act) {
    group.addEventListener("click", act);
    group.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      act();
    });
  }
  return group;
}

/** Draws the trail of an answer. `open` gets the index of the citation that is chosen. */
export function drawTrail(question, citations, open, width) {
  const trail = trailOf(question, citations);
  const layers = ordered(trail, KINDS.map((kind) => trail.nodes.filter((node) => node.kind === kind)));
  const { height, curve, heads } = width < 560 ? stacked(trail, layers, width) : inColumns(trail, layers, width);
  const byId = new Map(trail.nodes.map((node) => [node.id, node]));
  const edges = trail.edges.map((edge) => ({ ...edge, drawn: svg("path", { class: "t-edge", d: curve(byId.get(edge.from), byId.get(edge.to)) }) }));
  const nodes = layers.flat().map((node) => ({ node, drawn: drawn(node, open) }));
  const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": "How the question leads to the passages of this answer" },
    heads.map((head) => svg("text", { class: "t-head", x: head.x, y: head.y }, head.text)),
    edges.map((edge) => edge.drawn), nodes.map((entry) => entry.drawn));
  const legend = el("div", { class: "trail-legend" },
    [["question", "Question"], ["entity", "Thing in the graph"], ["passage-kind", "Passage"], ["document", "Document"]]
      .map(([kind, text]) => el("span", { class: kind }, el("i", {}), text)));
  const box = el("div", { class: "trail" }, picture, legend);
  const light = (citationsOn) => {
    box.classList.toggle("lit", Boolean(citationsOn));
    const on = (set) => Boolean(citationsOn) && [...set].some((n) => citationsOn.has(n));
    for (const edge of edges) edge.drawn.classList.toggle("on", on(edge.citations));
    for (const entry of nodes) entry.drawn.classList.toggle("on", on(entry.node.citations));
  };
  for (const entry of nodes) {
    if (entry.node.kind === "question") continue;
    entry.drawn.addEventListener("pointerenter", () => light(entry.node.citations));
    entry.drawn.addEventListener("pointerleave", () => light(null));
    entry.drawn.addEventListener("focus", () => light(entry.node.citations));
    entry.drawn.addEventListener("blur", () => light(null));
  }
  return box;
}
