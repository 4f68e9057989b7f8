// The HTTP interface as the pages use it.

/** A request that failed, with the sentence that the server gives for people. */
export class ApiError extends Error {
  constructor(status, message, code) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const WORDS = {
  403: "Your role does not allow this.",
  404: "There is nothing here.",
  413: "This is larger than the server takes.",
  429: "Too many requests at once. Wait a moment and try again.",
  503: "The server is busy or starting. Try again in a moment.",
};

function signIn() {
  const here = location.pathname + location.search + location.hash;
  location.assign(`/sign-in?next=${encodeURIComponent(here)}`);
}

/** The error that a response carries. */
export async function failure(response) {
  let message = WORDS[response.status] ?? `The server answered with status ${response.status}.`;
  let code;
  try {
    const body = await response.json();
    message = body.error?.message ?? message;
    code = body.error?.code;
  } catch {
    // No JSON: the status says enough.
  }
  return new ApiError(response.status, message, code);
}

/** Sends a request; a lost session leads to the sign-in page. */
export async function send(path, options = {}) {
  let response;
  try {
    response = await fetch(path, { credentials: "same-origin", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "The server cannot be reached.");
  }
  if (response.status === 401 && document.body.dataset.page !== "sign-in") {
    signIn();
    throw new ApiError(401, "You are signed out.");
  }
  if (!response.ok) throw await failure(response);
  return response;
}

/** A JSON answer. */
export async function json(path, options = {}) {
  const headers = { accept: "application/json", ...options.headers };
  const response = await send(path, { ...options, headers });
  return response.status === 204 ? null : response.json();
}

/** Sends JSON. */
export function post(path, body, options = {}) {
  const headers = { "content-type": "application/json", ...options.headers };
  return json(path, { method: "POST", body: JSON.stringify(body), ...options, headers });
}

let asked;
/** Who is asking: name, role, labels and permissions; asked once for a page. */
export function me() {
  asked ??= json("/api/me");
  return asked;
}

/** Whether the one who asks may do something. */
export function may(person, permission) {
  const plain = (name) => name.toLowerCase().replace(/[^a-z]/g, "");
  return (person.permissions ?? []).some((held) => plain(held) === plain(permission));
}

const part = (id) => encodeURIComponent(id);
/** Address of a document in the interface. */
export const documentPath = (id, rest = "") => `/api/documents/${part(id)}${rest}`;
/** Address of a document's page. */
export function documentPage(id, span) {
  const range = span ? `?start=${span.start}&end=${span.end}` : "";
  return `/documents/${part(id)}${range}`;
}

/** The part of a document's IRI that names it in the interface. */
export function documentId(citation) {
  return citation.document_id ?? String(citation.document ?? "").replace(/^urn:veritrail:document:/, "");
}

/** Events of a response as they come: name and data. */
export async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  try {
    while (true) {
      const { done, value } = await reader.read();
      held += (value ?? "").replace(/\r\n?/g, "\n");
      const blocks = held.split("\n\n");
      held = done ? "" : blocks.pop();
      for (const block of blocks) {
        const lines = block.split("\n");
        const field = (name) => lines.filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).replace(/^ /, ""));
        const data = field("data");
        if (data.length) yield { name: field("event")[0] ?? "message", data: data.join("\n") };
      }
      if (done) return;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
