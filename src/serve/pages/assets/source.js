// The source beside an answer: the quoted words where they stand, and why they were found.

import { $, el, icon, notice, say } from "./dom.js";
import { documentId, documentPage, documentPath, send } from "./api.js";
import { shownPicture } from "./picture.js";
import { cut, passage, styled } from "./text.js";
import { steps } from "./trail.js";

const ROUTES = {
  lexical: ["search", "It uses words of the question."],
  dense: ["check", "Its meaning is close to the question."],
  graph: ["trail", "The graph leads to it from what the question names."],
  bridge: ["trail", "A name in a good source leads to it, and it says what that source lacks."],
  picture: ["picture", "It is the same picture."],
  "near-picture": ["picture", "It is nearly the same picture."],
  visual: ["picture", "It looks like what was asked for."],
};

const texts = new Map();
/** The extracted text of a document, fetched once. */
export function textOf(id) {
  if (!texts.has(id)) {
    const fetched = send(documentPath(id, "/text")).then((response) => response.text());
    fetched.catch(() => texts.delete(id));
    texts.set(id, fetched);
  }
  return texts.get(id);
}

/** The name of a picture's document, made from its source path as the server does. */
function pictureId(source) {
  const plain = /[\p{Alphabetic}\p{N}\-._~/#]/u;
  return Array.from(source, (c) => (plain.test(c) ? c : encodeURIComponent(c))).join("");
}

function short(version) {
  return String(version ?? "").split(":").pop().slice(0, 12);
}

async function quoted(citation) {
  const box = el("div", { class: "passage", tabindex: 0, role: "group", "aria-label": "The quoted words in their surroundings" });
  const alone = (why) => [el("div", { class: "passage" }, el("mark", {}, citation.quote)), notice("quiet", why)];
  let text;
  try {
    text = await textOf(documentId(citation));
  } catch (error) {
    return alone(error.status === 404 ? "This document is no longer here." : `Its surroundings cannot be shown: ${error.message}`);
  }
  const parts = cut(text, citation.start, citation.end);
  if (parts.quote !== citation.quote) {
    return alone("The document has changed since this answer: these words no longer stand at this place.");
  }
  const near = passage(text, citation.start, citation.end);
  box.append(el("span", { class: "around" }, near.before.cut ? "… " : "", styled(near.before.text)),
    el("mark", { id: "quoted" }, near.quote), el("span", { class: "around" }, styled(near.after.text), near.after.cut ? " …" : ""));
  return [box];
}

function why(citation) {
  const found = (citation.routes ?? []).map((route) => ROUTES[route.route ?? route] ?? ["check", `Found by ${route.route ?? route}.`]);
  const walk = steps(citation);
  return el("ul", { class: "why" }, found.map(([picture, words]) => el("li", {}, icon(picture), el("div", {}, words,
    picture === "trail" && walk.length ? el("div", { class: "steps" }, walk.flatMap((step, n) => [n ? "→" : null, el("b", {}, step.label.replace(/^(.+) \(\1\)$/, "$1"))])) : null))));
}

function details(citation, best) {
  const row = (name, ...value) => [el("dt", {}, name), el("dd", {}, ...value)];
  const share = best > 0 ? Math.max(0, Math.min(1, citation.score / best)) : 0;
  return el("dl", { class: "facts" },
    row("File", citation.source),
    citation.page ? row("Page", String(citation.page)) : null,
    row("Version", el("code", { title: citation.version }, short(citation.version))),
    row("Match", el("div", { class: "strength" },
      el("progress", { max: 1, value: share.toFixed(3), "aria-label": "Match beside the best source of this answer" }), `score ${Number(citation.score).toPrecision(3)}`)));
}

let opener = null;

/** Closes the panel and gives focus back to what opened it. */
export function closeSource(refocus = true) {
  const panel = $("panel");
  if (panel.hidden) return;
  panel.hidden = true;
  panel.replaceChildren();
  $("veil").hidden = true;
  $("ask").classList.remove("beside");
  for (const part of document.querySelectorAll("[data-behind]")) {
    part.inert = false;
    part.removeAttribute("data-behind");
  }
  for (const button of document.querySelectorAll('[data-citation][aria-expanded="true"]')) button.setAttribute("aria-expanded", "false");
  if (refocus && opener?.isConnected) opener.focus({ preventScroll: true });
}

/** On a narrow screen the panel covers the page: nothing behind it takes focus. */
function cover() {
  if (!matchMedia("(max-width: 1000px)").matches) return;
  $("veil").hidden = false;
  for (const part of [document.querySelector(".talk"), document.querySelector(".top")]) {
    part.inert = true;
    part.setAttribute("data-behind", "");
  }
}

/** Opens a citation of an answer beside it. */
export async function openSource(citations, index, from, mark) {
  const citation = citations[index];
  if (!citation) return;
  if (from) opener = from;
  const panel = $("panel");
  const move = (step) => openSource(citations, (index + step + citations.length) % citations.length, null, mark);
  const heading = el("h2", { id: "panel-heading" }, `Source ${citation.number}`);
  const body = el("div", { class: "panel-body" });
  panel.replaceChildren(
    el("div", { class: "panel-head" }, heading,
      citations.length > 1 ? [
        el("button", { type: "button", class: "plain round small", "aria-label": "Previous quote", onclick: () => move(-1) }, icon("back")),
        el("span", { class: "fine" }, `${index + 1} of ${citations.length}`),
        el("button", { type: "button", class: "plain round small", "aria-label": "Next quote", onclick: () => move(1) }, icon("forward"))] : null,
      el("button", { type: "button", class: "plain round small", id: "close-panel", "aria-label": "Close the source", onclick: () => closeSource() }, icon("close"))),
    body);
  const id = documentId(citation);
  const link = citation.link ?? documentPage(id, citation);
  const crumbs = [citation.section?.replaceAll(" > ", " › "), citation.page ? `page ${citation.page}` : ""].filter(Boolean).join(" · ");
  body.append(el("div", { class: "panel-title" }, el("h3", {}, citation.title), crumbs ? el("p", { class: "crumbs" }, crumbs) : null));
  if (citation.picture) {
    const name = pictureId(citation.picture);
    body.append(shownPicture(documentPath(name, "/original"), citation.quote || citation.title, citation.region, citation.picture_link ?? documentPath(name, "/picture")));
    if (citation.region) body.append(el("p", { class: "fine" }, "The outlined part is nearest to the question."));
    if (citation.quote) body.append(el("div", { class: "passage" }, el("mark", {}, citation.quote)));
  }
  const place = el("div", {}, el("p", { class: "loading" }, "Opening the document …"));
  if (!citation.picture) body.append(place);
  const best = Math.max(...citations.map((one) => one.score ?? 0));
  body.append(el("div", { class: "panel-links" },
    el("a", { class: "button small", href: link }, icon("open"), el("span", {}, "Open the document")),
    el("a", { class: "button small", href: documentPath(id, "/original"), download: true }, icon("download"), el("span", {}, "Original file"))),
  el("h3", {}, "Why this was found"), why(citation), details(citation, best));
  panel.hidden = false;
  $("ask").classList.add("beside");
  cover();
  for (const button of document.querySelectorAll("[data-citation]")) {
    button.setAttribute("aria-expanded", String(button.dataset.citation === `${mark}:${index}`));
  }
  panel.scrollTop = 0;
  panel.focus({ preventScroll: true });
  say(`Source ${citation.number}: ${citation.title}`);
  if (!citation.picture) {
    place.replaceChildren(...(await quoted(citation)));
    const marked = place.querySelector("#quoted");
    const box = place.querySelector(".passage");
    if (marked && box) box.scrollTop = Math.max(0, marked.offsetTop - box.offsetTop - 60);
  }
}
