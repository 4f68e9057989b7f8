// IRIs as people read them.

export const PREFIXES = {
  vt: "https://w3id.org/veritrail/ns#",
  rdf: "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
  rdfs: "http://www.w3.org/2000/01/rdf-schema#",
  xsd: "http://www.w3.org/2001/XMLSchema#",
  prov: "http://www.w3.org/ns/prov#",
  skos: "http://www.w3.org/2004/02/skos/core#",
  dcterms: "http://purl.org/dc/terms/",
  schema: "https://schema.org/",
  oa: "http://www.w3.org/ns/oa#",
  exif: "http://www.w3.org/2003/12/exif/ns#",
  geo: "http://www.w3.org/2003/01/geo/wgs84_pos#",
  foaf: "http://xmlns.com/foaf/0.1/",
  sh: "http://www.w3.org/ns/shacl#",
};

/** An IRI with a known prefix where one fits: `dcterms:title`. */
export function compact(iri) {
  for (const [prefix, namespace] of Object.entries(PREFIXES)) {
    if (iri.startsWith(namespace) && /^[\w.-]*$/.test(iri.slice(namespace.length))) return `${prefix}:${iri.slice(namespace.length)}`;
  }
  return iri;
}

const decoded = (text) => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** What an IRI names, in words: the part after the prefix or the last separator. */
export function readable(iri) {
  const short = compact(iri);
  if (short !== iri) return short;
  const ours = /^urn:veritrail:([a-z-]+):(.+)$/.exec(iri);
  if (ours) return ours[1] === "document" || ours[1] === "entity" || ours[1] === "property" ? decoded(ours[2]).replaceAll("_", " ") : `${ours[1]} ${ours[2].slice(0, 14)}`;
  const last = iri.replace(/[#/]$/, "").split(/[#/]/).pop();
  return decoded(last) || iri;
}

/** The page of this site that shows a thing; none when there is none. */
export function page(iri) {
  const ours = /^urn:veritrail:(document|entity|answer):(.+)$/.exec(iri);
  if (ours?.[1] === "document") return `/documents/${encodeURIComponent(ours[2])}`;
  if (ours?.[1] === "entity") return `/graph#entity=${encodeURIComponent(iri)}`;
  if (ours?.[1] === "answer") return `/audit#answer=${encodeURIComponent(ours[2])}`;
  return null;
}

/** Words for the classes of entities. */
export const CLASSES = {
  Topic: "Subject of a document",
  Term: "Defined term",
  Heading: "Heading",
  Resource: "From a catalogue",
  Identifier: "Code or number",
  ProperName: "Name",
  Phrase: "Technical term",
  Address: "Address",
  Command: "Command",
};

/** What the address says after `#`. */
export function fragment() {
  return new URLSearchParams(location.hash.slice(1));
}
