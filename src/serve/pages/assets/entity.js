// Finding an entity, and all that is known of one.

import { $, counted, el, icon, notice, say } from "./dom.js";
import { documentPage, documentPath, json } from "./api.js";
import { drawNeighbours } from "./drawing.js";
import { CLASSES, fragment } from "./iri.js";

const FIRST_MENTIONS = 8;
let asked = 0;

function address(id) {
  return `#entity=${encodeURIComponent(id)}`;
}

/** Shows the entities that a text finds. */
export async function find(text) {
  const turn = ++asked;
  const { entities, total } = await json(`/api/entities?limit=60&query=${encodeURIComponent(text)}`);
  if (turn !== asked) return entities;
  const current = fragment().get("entity");
  $("found").textContent = entities.length === 0 ? (text ? `Nothing is named like “${text}”.` : "The graph names nothing yet.")
    : text ? `${counted(total ?? entities.length, "match", "matches")}` : "Named most often";
  $("entities").replaceChildren(...entities.map((entity) => el("li", {}, el("button", {
    type: "button", "data-entity": entity.id, "aria-current": String(entity.id === current), onclick: () => { location.hash = address(entity.id); },
  }, el("span", { class: "text" }, el("span", {}, entity.label), el("span", { class: "what" }, CLASSES[entity.class] ?? entity.class)),
  el("span", { class: "n", title: counted(entity.n_mentions, "passage names it", "passages name it") }, String(entity.n_mentions))))));
  return entities;
}

function mention(one) {
  const link = one.link ?? documentPage(one.document_id, one.start === undefined ? null : one);
  return el("li", {}, one.quote ? el("q", {}, marked(one)) : null,
    el("a", { class: "fine", href: link }, [one.title, one.section?.replaceAll(" > ", " › ")].filter(Boolean).join(" — ")));
}

/** The words of a mention with the name in them marked. */
function marked(one) {
  const at = one.surface ? one.quote.indexOf(one.surface) : -1;
  if (at < 0) return [one.quote];
  return [one.quote.slice(0, at), el("mark", {}, one.surface), one.quote.slice(at + one.surface.length)];
}

function mentions(list, total) {
  const place = el("ul", { class: "mentions" }, list.slice(0, FIRST_MENTIONS).map(mention));
  const rest = list.slice(FIRST_MENTIONS);
  const more = rest.length ? el("button", { type: "button", class: "small", onclick: () => {
    place.append(...rest.map(mention));
    place.children[FIRST_MENTIONS]?.querySelector("a")?.focus();
    more.remove();
  } }, `Show ${rest.length} more`) : null;
  return el("section", { "aria-labelledby": "mentions-title" }, el("h2", { id: "mentions-title" }, "Where it is named"), place, more,
    total > list.length ? el("p", { class: "fine" }, `The first ${list.length} of ${counted(total, "passage")}.`) : null);
}

function relations(list, id) {
  const end = (iri, label) => (iri && iri !== id ? el("a", { href: address(iri) }, label) : el("strong", {}, label));
  return el("section", { "aria-labelledby": "relations-title" }, el("h2", { id: "relations-title" }, "What documents say"),
    el("ul", { class: "relations" }, list.map((one) => el("li", {},
      el("div", { class: "statement" }, end(one.subject, one.subject_label), el("i", {}, one.name), end(one.object, one.object_label)),
      one.quote ? el("p", { class: "said" }, `“${one.quote.trim()}”`) : null,
      one.document_id ? el("a", { class: "fine", href: one.link ?? documentPage(one.document_id) }, one.title) : null))));
}

function pictures(list) {
  return el("section", { "aria-labelledby": "pictures-title" }, el("h2", { id: "pictures-title" }, "Pictures"),
    el("div", { class: "gallery" }, list.map((one) => el("a", { href: documentPage(one.document_id) },
      el("img", { src: documentPath(one.document_id, "/picture"), alt: "", loading: "lazy" }), el("span", {}, one.title)))));
}

function neighbours(list, label) {
  const place = el("div", {});
  const open = (one) => { location.hash = address(one.id); };
  const section = el("section", { "aria-labelledby": "neighbours-title" }, el("h2", { id: "neighbours-title" }, "What stands beside it"), place);
  const rest = list.slice(14);
  if (rest.length) {
    section.append(el("details", {}, el("summary", {}, `${rest.length} more`), el("div", { class: "neighbour-list" }, rest.map((one) => el("button", { type: "button", class: "small", onclick: () => open(one) }, one.label)))));
  }
  return { section, draw: () => place.replaceChildren(drawNeighbours(label, list, open, Math.max(300, Math.round(place.clientWidth)))) };
}

/** Shows one entity. */
export async function show(id) {
  const place = $("entity");
  for (const button of document.querySelectorAll("[data-entity]")) button.setAttribute("aria-current", String(button.dataset.entity === id));
  place.replaceChildren(el("p", { class: "loading" }, "Reading the graph …"));
  let entity;
  try {
    entity = await json(`/api/entities/${encodeURIComponent(id)}`);
  } catch (error) {
    place.replaceChildren(notice(error.status === 404 ? "quiet" : "bad", error.status === 404 ? "Nothing is known of this here, or you may not see it." : error.message));
    return;
  }
  const [label, ...others] = entity.labels;
  const beside = entity.neighbours.length ? neighbours(entity.neighbours, label) : null;
  place.replaceChildren(
    el("div", { class: "entity-head" }, el("h2", { class: "entity-name" }, label),
      el("div", { class: "names" }, el("span", { class: "badge good" }, CLASSES[entity.class] ?? entity.class),
        others.length ? el("span", {}, "also:") : null, others.map((other) => el("span", { class: "badge" }, other))),
      el("div", { class: "panel-links" },
        el("a", { class: "button small", href: `/?q=${encodeURIComponent(`What is ${label}?`)}` }, icon("ask"), el("span", {}, "Ask about it")),
        el("a", { class: "button small", href: `#view=sparql&query=${encodeURIComponent(`SELECT ?property ?value WHERE {\n  <${entity.id}> ?property ?value .\n}`)}` }, icon("graph"), el("span", {}, "Triples")))),
    ...[beside?.section, entity.relations.length ? relations(entity.relations, entity.id) : null,
      entity.pictures.length ? pictures(entity.pictures) : null,
      entity.mentions.length ? mentions(entity.mentions, entity.n_mentions ?? entity.mentions.length) : null].filter(Boolean));
  beside?.draw();
  if (matchMedia("(max-width: 900px)").matches) place.scrollIntoView({ block: "start" });
  say(`${label}, ${CLASSES[entity.class] ?? entity.class}`);
}

/** What is shown before anything is chosen. */
export function nothing() {
  $("entity").replaceChildren(el("div", { class: "empty" }, el("h2", {}, "Choose something to look at"), el("p", {}, "Products, parts, codes and terms that the documents name, and how they hang together.")));
}

