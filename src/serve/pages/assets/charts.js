// Curves as SVG, and the same numbers for those who cannot see them.

import { el, svg } from "./dom.js";

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [560, 190, 46, 10, 12, 24];

function nice(value) {
  if (value <= 0) return 1;
  const step = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((n) => n * step).find((n) => n >= value);
}

/** Curves over points in their order. Each curve has `name`, `values` and a `kind` for its colour; `words` writes a value, `labels` name the points. */
export function curves({ title, curves: drawn, labels, words, most }) {
  const n = labels.length;
  const top = most ?? nice(Math.max(...drawn.flatMap((curve) => curve.values), 0));
  const x = (at) => LEFT + (n === 1 ? (WIDTH - LEFT - RIGHT) / 2 : (at * (WIDTH - LEFT - RIGHT)) / (n - 1));
  const y = (value) => TOP + (1 - Math.min(value / top, 1)) * (HEIGHT - TOP - BOTTOM);
  const lines = [0, 0.5, 1].map((share) => svg("g", {},
    svg("line", { class: "chart-line", x1: LEFT, x2: WIDTH - RIGHT, y1: y(share * top), y2: y(share * top) }),
    svg("text", { class: "chart-text", x: LEFT - 6, y: y(share * top) + 4, "text-anchor": "end" }, words(share * top))));
  const ends = n > 1 ? [[0, "start"], [n - 1, "end"]] : [[0, "middle"]];
  const named = ends.map(([at, anchor]) => svg("text", { class: "chart-text", x: x(at), y: HEIGHT - 6, "text-anchor": anchor }, labels[at]));
  const paths = drawn.map((curve) => svg("g", { class: `chart-curve ${curve.kind}` },
    svg("path", { d: curve.values.map((value, at) => `${at ? "L" : "M"}${x(at).toFixed(1)} ${y(value).toFixed(1)}`).join("") }),
    curve.values.map((value, at) => svg("circle", { cx: x(at).toFixed(1), cy: y(value).toFixed(1), r: 3 }, svg("title", {}, `${curve.name}, ${labels[at]}: ${words(value)}`)))));
  const said = drawn.map((curve) => `${curve.name} ${words(curve.values[0])} to ${words(curve.values[n - 1])}`).join("; ");
  return el("figure", { class: "chart" },
    el("figcaption", {}, el("strong", {}, title), el("span", { class: "chart-names" }, drawn.map((curve) => el("span", { class: `chart-name ${curve.kind}` }, curve.name)))),
    svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${title}: ${said}` }, lines, named, paths));
}

/** A bar from 0 to 1, for the eye beside its number. */
export function bar(share, kind = "") {
  const width = Math.max(0, Math.min(1, share)) * 100;
  return svg("svg", { class: `bar ${kind}`, viewBox: "0 0 100 6", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("rect", { class: "bar-ground", width: 100, height: 6, rx: 3 }), svg("rect", { class: "bar-share", width: width.toFixed(1), height: 6, rx: 3 }));
}
