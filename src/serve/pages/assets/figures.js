// Figures of the server, read from its metrics.

import { send } from "./api.js";

/** Samples of the text format of Prometheus: name, labels and value. */
export function samples(text) {
  const found = [];
  for (const line of text.split("\n")) {
    const match = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? ([^ ]+)/.exec(line);
    if (!match) continue;
    const labels = {};
    for (const [, name, value] of (match[2] ?? "").matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) labels[name] = value;
    found.push({ name: match[1], labels, value: Number(match[3]) });
  }
  return found;
}

/** The value below which a share of the observations of buckets lies, interpolated; in the unit of the buckets. */
export function quantile(buckets, share) {
  const sorted = buckets.slice().sort((a, b) => a.upTo - b.upTo);
  const total = sorted.at(-1)?.n ?? 0;
  if (!total) return null;
  const wanted = total * share;
  let [below, before] = [0, 0];
  for (const { upTo, n } of sorted) {
    if (n >= wanted) return Number.isFinite(upTo) ? below + ((upTo - below) * (wanted - before)) / Math.max(n - before, 1) : below;
    [below, before] = [upTo, n];
  }
  return below;
}

function byLabel(found, name, label) {
  const sums = new Map();
  for (const one of found) if (one.name === name) sums.set(one.labels[label], (sums.get(one.labels[label]) ?? 0) + one.value);
  return sums;
}

/** Latency by route, caches, failures and refusals since the start. */
export async function figures() {
  const found = samples(await (await send("/metrics")).text());
  const routes = new Map();
  for (const one of found) {
    if (one.name !== "veritrail_http_request_duration_seconds_bucket") continue;
    const route = `${one.labels.method} ${one.labels.route}`;
    const buckets = routes.get(route) ?? new Map();
    const upTo = one.labels.le === "+Inf" ? Infinity : Number(one.labels.le);
    buckets.set(upTo, (buckets.get(upTo) ?? 0) + one.value);
    routes.set(route, buckets);
  }
  const latency = Array.from(routes, ([route, buckets]) => {
    const list = Array.from(buckets, ([upTo, n]) => ({ upTo, n }));
    return { route, n: buckets.get(Infinity) ?? 0, p50: quantile(list, 0.5), p95: quantile(list, 0.95) };
  }).sort((a, b) => b.n - a.n);
  const hits = byLabel(found, "veritrail_cache_hits_total", "cache");
  const misses = byLabel(found, "veritrail_cache_misses_total", "cache");
  const caches = Array.from(new Set([...hits.keys(), ...misses.keys()]), (cache) => ({ cache, hits: hits.get(cache) ?? 0, misses: misses.get(cache) ?? 0 }));
  return {
    latency,
    caches,
    errors: byLabel(found, "veritrail_http_errors_total", "code"),
    refusals: byLabel(found, "veritrail_http_refusals_total", "reason"),
    failures: byLabel(found, "veritrail_llm_failures_total", "kind"),
  };
}
