// The official OpenAI client for JavaScript against a running server.
//
// Arguments: address with /v1, picture file, name of a space. Ends with 0 when
// everything holds; prints what it checked.
const assert = require("node:assert/strict");
const { readFileSync } = require("node:fs");
const OpenAI = require("openai");

const [baseURL, picture, space] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey: "unused", maxRetries: 0, timeout: 60_000 });
const QUESTION = "What is the order number of the shaft seal?";

function ask(said, more = {}) {
  const messages = said.map((content, i) => ({ role: i % 2 ? "assistant" : "user", content }));
  return client.chat.completions.create({ model: "veritrail", messages, ...more });
}

async function main() {
  const models = [];
  for await (const model of client.models.list()) models.push(model.id);
  assert(models[0] === "veritrail" && models.includes(space), models.join());
  console.log("ok models");

  const { data: whole, response } = await ask([QUESTION], { user: "anna" }).withResponse();
  const content = whole.choices[0].message.content;
  assert.match(content, /SP-3117/);
  assert.equal(response.headers.get("x-veritrail-answer-id"), whole.answer_id);
  assert(whole.citations[0].link.startsWith("/documents/"));
  console.log("ok chat");

  let text = "";
  let last;
  for await (const chunk of await ask([QUESTION], { stream: true })) {
    text += chunk.choices[0]?.delta?.content ?? "";
    last = chunk;
  }
  assert.equal(text, content);
  assert.equal(last.choices[0].finish_reason, "stop");
  assert(last.citations.length > 0);
  console.log("ok streaming");

  const aborted = await ask([QUESTION], { stream: true });
  aborted.controller.abort();
  console.log("ok a stream that is left");

  const second = await ask([QUESTION, content, "And how much does it cost?"]);
  assert.equal(second.resolved_by, "rules");
  console.log("ok a second turn");

  const url = `data:image/png;base64,${readFileSync(picture).toString("base64")}`;
  const seen = await ask([[
    { type: "text", text: "What does this show?" },
    { type: "image_url", image_url: { url } },
  ]]);
  assert.equal(seen.citations[0].picture, "pictures/front.png");
  console.log("ok a picture");

  const { data: vectors } = await client.embeddings.create({ model: space, input: ["shaft seal", "oil"] });
  assert(vectors.length === 2 && vectors[0].embedding.length > 100);
  assert(Math.abs(vectors[0].embedding.reduce((sum, x) => sum + x * x, 0) - 1) < 1e-3);
  console.log("ok embeddings");

  await assert.rejects(client.chat.completions.create({ model: "gpt-5", messages: [] }), OpenAI.NotFoundError);
  await assert.rejects(ask(["x"], { n: 2 }), OpenAI.BadRequestError);
  await assert.rejects(ask([" "], { stream: true }), OpenAI.BadRequestError);
  console.log("ok errors");
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
