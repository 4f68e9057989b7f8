// One document: its text with the linked words marked, its sections and pictures.

import { $, el, icon, notice } from "./dom.js";
import { documentPath, json, may, send } from "./api.js";
import { run } from "./shell.js";
import { deleteDocument } from "./deletion.js";
import { shownPicture } from "./picture.js";
import { cut, styled } from "./text.js";

/** The name of the document in this page's address. */
function named() {
  return decodeURIComponent(location.pathname.slice("/documents/".length));
}

function span() {
  const parameters = new URLSearchParams(location.search);
  const [start, end] = ["start", "end"].map((name) => Number.parseInt(parameters.get(name) ?? "", 10));
  return Number.isInteger(start) && Number.isInteger(end) && end > start && start >= 0 ? { start, end } : null;
}

function size(bytes) {
  if (!bytes) return null;
  return bytes < 1024 ? `${bytes} bytes` : bytes < 1 << 20 ? `${(bytes / 1024).toFixed(0)} KB` : `${(bytes / (1 << 20)).toFixed(1)} MB`;
}

/** The text with anchors where sections begin, and the stretch marked. */
function written(text, fragments, marked) {
  const places = new Map();
  for (const one of fragments) if (one.section && one.start !== undefined && !places.has(one.section)) places.set(one.section, one.start);
  const cuts = [...places].map(([section, start]) => ({ section, start })).sort((a, b) => a.start - b.start);
  const box = el("div", { class: "document-text", tabindex: 0, role: "region", "aria-label": "Text of the document" });
  let [rest, at] = [text, 0];
  const put = (until) => {
    const { before, after } = cut(rest, until - at, until - at);
    box.append(...styled(before));
    [rest, at] = [after, until];
  };
  const putMarked = (until) => {
    if (!marked || marked.start >= until || marked.end <= at) return put(until);
    put(Math.max(at, marked.start));
    const end = Math.min(until, marked.end);
    const { before, after } = cut(rest, end - at, end - at);
    box.append(el("mark", { id: box.querySelector("mark") ? null : "quoted", tabindex: -1 }, before));
    [rest, at] = [after, end];
    put(until);
  };
  const anchors = cuts.map((one, n) => {
    putMarked(Math.max(at, one.start));
    box.append(el("span", { id: `section-${n}`, class: "anchor" }));
    return { ...one, id: `section-${n}` };
  });
  const length = Array.from(rest).length + at;
  putMarked(length);
  return { box, anchors };
}

function facts(one) {
  const row = (name, value) => (value ? [el("dt", {}, name), el("dd", {}, value)] : []);
  const time = new Date(one.ingested_at ?? "");
  return el("dl", { class: "facts" }, row("File", one.source), row("Kind", one.media_type), row("Size", size(one.size_bytes)), row("Language", one.language),
    row("Version", one.version ? el("code", { title: one.version }, one.version.split(":").pop().slice(0, 16)) : null),
    row("Taken in", Number.isNaN(time.getTime()) ? null : time.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" })),
    row("Passages", String(one.n_fragments ?? one.fragments?.length ?? "")));
}

/** The document of a picture that a fragment shows: an IRI, a name, or an object. */
function pictureOf(one) {
  const name = one.picture?.document_id ?? one.picture?.id ?? one.picture;
  return typeof name === "string" ? name.replace(/^urn:veritrail:document:/, "") : null;
}

function head(one, mayWrite) {
  const remove = mayWrite ? el("button", { type: "button", class: "small", onclick: async () => { if (await deleteDocument(one, $("jobs"))) gone(); } }, icon("trash"), el("span", {}, "Delete")) : null;
  return el("div", { class: "document-head" },
    el("div", {}, el("h1", {}, one.title || one.source), el("div", { class: "labels" },
      el("span", { class: one.access_label === "public" ? "badge" : "badge warn" }, one.access_label), el("span", { class: "badge good" }, icon("check"), "In service"))),
    el("div", { class: "row" }, el("a", { class: "button small", href: documentPath(one.id, "/original"), download: true }, icon("download"), el("span", {}, "Original file")), remove));
}

function gone() {
  for (const part of document.querySelectorAll(".document-head, .document-grid")) part.remove();
}

run(async (person) => {
  const page = $("document");
  const id = named();
  let one;
  try {
    one = await json(documentPath(id));
  } catch (error) {
    page.replaceChildren(el("a", { class: "back", href: "/documents" }, "All documents"), el("h1", {}, error.status === 404 ? "No such document" : "The document cannot be shown"),
      notice(error.status === 404 ? "quiet" : "bad", error.status === 404 ? "It was deleted, or you may not see it." : error.message));
    return;
  }
  document.title = `${one.title || one.source} · Veritrail`;
  const marked = span();
  const isPicture = one.media_type?.startsWith("image/");
  const text = await send(documentPath(id, "/text")).then((response) => response.text()).catch(() => "");
  const fragments = one.fragments ?? [];
  const { box, anchors } = written(text, fragments, marked);
  if (/csv|tab-separated|json|turtle|n-quads|n-triples|trig/.test(one.media_type ?? "")) box.classList.add("wide-lines");
  const sections = anchors.filter((anchor) => anchor.section !== one.title);
  const pictures = [...new Set(fragments.map(pictureOf).filter((name) => name && name !== one.id))];
  const side = el("div", { class: "document-side" },
    sections.length > 1 ? el("nav", { "aria-labelledby": "sections-title" }, el("h2", { id: "sections-title" }, "Sections"), el("ol", {}, sections.map((anchor) => el("li", {}, el("a", { href: `#${anchor.id}` }, anchor.section.split(" > ").pop()))))) : null,
    pictures.length ? el("section", { "aria-labelledby": "pictures-title" }, el("h2", { id: "pictures-title" }, "Pictures"), el("div", { class: "gallery" }, pictures.map((name) => el("a", { href: `/documents/${encodeURIComponent(name)}` }, el("img", { src: documentPath(name, "/picture"), alt: "", loading: "lazy" }), el("span", {}, decodeURIComponent(name).split("/").pop()))))) : null,
    el("section", { "aria-labelledby": "facts-title" }, el("h2", { id: "facts-title" }, "About this document"), facts(one)));
  const body = el("div", {}, isPicture ? shownPicture(documentPath(id, "/picture"), one.title || one.source) : null, text.trim() ? box : isPicture ? null : notice("quiet", "There is no text in this document."));
  page.replaceChildren(el("a", { class: "back", href: "/documents" }, "All documents"), el("div", { class: "jobs", id: "jobs" }), head(one, may(person, "WriteDocuments")),
    marked && !box.querySelector("mark") ? notice("warn", "The linked words are beyond the end of this document. It may have changed since.") : "",
    el("div", { class: "document-grid" }, body, side));
  const mark = $("quoted");
  if (mark) {
    mark.scrollIntoView({ block: "center" });
    mark.focus({ preventScroll: true });
  }
});
