// The document of the interface, for people.

import { $, el, notice, say } from "./dom.js";
import { json } from "./api.js";
import { run } from "./shell.js";

const METHODS = ["get", "post", "put", "delete", "patch", "head", "options"];

/** What a `$ref` of this document stands for. */
function resolved(document, value) {
  let found = value;
  for (let n = 0; found?.$ref && n < 8; n += 1) {
    found = found.$ref.replace(/^#\//, "").split("/").reduce((at, part) => at?.[part], document);
  }
  return found ?? {};
}

/** A type in a few letters. */
function typeOf(document, schema, depth = 0) {
  const name = schema?.$ref?.split("/").pop();
  const found = resolved(document, schema);
  const any = found.oneOf ?? found.anyOf;
  if (any && depth < 3) return any.map((one) => typeOf(document, one, depth + 1)).join(" or ");
  const types = [found.type ?? "anything"].flat();
  if (types.includes("array")) return `list of ${typeOf(document, found.items ?? {}, depth + 1)}`;
  if (found.enum) return found.enum.map((value) => `"${value}"`).join(" or ");
  return name ?? types.join(" or ");
}

function fields(document, schema) {
  const found = resolved(document, schema);
  const all = Object.entries(found.properties ?? {});
  if (!all.length) return null;
  const needed = new Set(found.required ?? []);
  return el("dl", { class: "facts" }, all.map(([name, field]) => [
    el("dt", {}, el("code", {}, name)),
    el("dd", {}, `${typeOf(document, field)}${needed.has(name) ? "" : ", optional"}`, field.description ? el("div", { class: "fine" }, field.description) : null),
  ]));
}

function body(document, content) {
  return Object.entries(content ?? {}).map(([kind, { schema, example }]) => el("div", {},
    el("p", {}, el("code", {}, kind), schema ? ` · ${typeOf(document, schema)}` : ""),
    schema ? fields(document, schema) : null,
    example ? el("pre", {}, JSON.stringify(example, null, 2)) : null));
}

function operation(document, path, method, item) {
  const parameters = [...(item.parameters ?? [])].map((one) => resolved(document, one));
  const request = resolved(document, item.requestBody);
  const open = item.security?.length === 1 && Object.keys(item.security[0]).length === 0;
  const words = `${method} ${path} ${item.summary ?? ""} ${item.description ?? ""} ${(item.tags ?? []).join(" ")}`.toLowerCase();
  const section = el("details", { class: "card operation", id: item.operationId },
    el("summary", {}, el("span", { class: "badge" }, method.toUpperCase()), " ", el("code", {}, path), " ", el("span", {}, item.summary ?? "")),
    item.description ? el("p", {}, item.description) : null,
    open ? el("p", { class: "fine" }, "Asks for no credential.") : null,
    parameters.length ? el("h3", {}, "Parameters") : null,
    parameters.length ? el("dl", { class: "facts" }, parameters.map((one) => [
      el("dt", {}, el("code", {}, one.name)),
      el("dd", {}, `in the ${one.in}, ${typeOf(document, one.schema ?? {})}${one.required ? "" : ", optional"}`, one.description ? el("div", { class: "fine" }, one.description) : null),
    ])) : null,
    request.content ? el("h3", {}, "Body") : null,
    body(document, request.content),
    el("h3", {}, "Answers"),
    el("dl", { class: "facts" }, Object.entries(item.responses ?? {}).map(([status, response]) => {
      const found = resolved(document, response);
      const kinds = Object.entries(found.content ?? {}).map(([kind, { schema }]) => `${kind}${schema ? ` (${typeOf(document, schema)})` : ""}`);
      return [el("dt", {}, el("code", {}, status)), el("dd", {}, found.description || "", kinds.length ? el("div", { class: "fine" }, kinds.join(", ")) : null)];
    })));
  return { section, words };
}

run(async () => {
  const place = $("operations");
  let document_;
  try {
    document_ = await json("/openapi.json");
  } catch (error) {
    place.replaceChildren(notice("bad", error.message));
    place.removeAttribute("aria-busy");
    return;
  }
  const groups = new Map((document_.tags ?? []).map((tag) => [tag.name, { words: tag.description ?? "", all: [] }]));
  for (const [path, item] of Object.entries(document_.paths ?? {})) {
    for (const method of METHODS) {
      if (!item[method]) continue;
      const tag = item[method].tags?.[0] ?? "other";
      if (!groups.has(tag)) groups.set(tag, { words: "", all: [] });
      groups.get(tag).all.push(operation(document_, path, method, item[method]));
    }
  }
  const shown = [...groups].filter(([, group]) => group.all.length).map(([name, group]) => ({
    all: group.all,
    section: el("section", {}, el("h2", {}, name), group.words ? el("p", { class: "fine" }, group.words) : null, group.all.map((one) => one.section)),
  }));
  place.replaceChildren(...shown.map((group) => group.section));
  place.removeAttribute("aria-busy");
  const wanted = location.hash && $(location.hash.slice(1));
  if (wanted) { wanted.open = true; wanted.scrollIntoView(); }
  $("filter").addEventListener("input", (event) => {
    const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    let n = 0;
    for (const group of shown) {
      let any = false;
      for (const one of group.all) {
        const fits = words.every((word) => one.words.includes(word));
        one.section.hidden = !fits;
        any ||= fits;
        n += fits ? 1 : 0;
      }
      group.section.hidden = !any;
    }
    say(`${n} operations`);
  });
});
