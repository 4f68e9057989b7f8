// Questions to start with, made from what the knowledge base holds.

import { $, el } from "./dom.js";
import { json } from "./api.js";

const QUESTIONS = {
  Identifier: (label) => `What does ${label} mean?`,
  Term: (label) => `What does “${label}” mean?`,
  Resource: (label) => `What is the ${label}?`,
  ProperName: (label) => `What is said about ${label}?`,
};

/** One of each kind first, then more of the first kinds. */
function mixed(entities) {
  const byClass = new Map();
  for (const entity of entities) {
    if (QUESTIONS[entity.class]) byClass.set(entity.class, [...(byClass.get(entity.class) ?? []), entity]);
  }
  const found = [];
  for (let n = 0; found.length < 8 && n < 4; n += 1) {
    for (const kind of Object.keys(QUESTIONS)) {
      const entity = byClass.get(kind)?.[n];
      if (entity) found.push(QUESTIONS[kind](entity.label));
    }
  }
  return found;
}

/** Fills the list; `choose` gets the text of a question. */
export async function showSuggestions(choose) {
  const [entities, documents] = await Promise.allSettled([json("/api/entities?query=&limit=60"), json("/api/documents?limit=40")]);
  const texts = (documents.value?.documents ?? []).filter((document) => !document.media_type.startsWith("image/") && document.title);
  const titles = texts.slice(0, 40).filter((_, n) => n % 7 === 3 || texts.length < 8).map((document) => `What does “${document.title}” say?`);
  const named = mixed(entities.value?.entities ?? []);
  const questions = [...named.slice(0, 3), ...titles.slice(0, 4)].slice(0, 4);
  $("suggestions").replaceChildren(...questions.map((text) => el("li", {}, el("button", { type: "button", onclick: () => choose(text) }, text))));
  $("suggestions").hidden = questions.length === 0;
}
