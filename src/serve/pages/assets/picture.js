// Pictures: read for a question, shown with a region.

import { el, notice, svg } from "./dom.js";

const KINDS = ["image/png", "image/jpeg", "image/webp", "image/gif", "image/bmp", "image/tiff"];
/** What one question may carry; the server's limit of a request is larger. */
const MAX_BYTES = 15 << 20;

/** Why a file cannot be a question; empty when it can. */
export function refusal(file) {
  if (!KINDS.includes(file.type)) return "Only PNG, JPEG, WebP, GIF, BMP and TIFF pictures can be asked about.";
  if (file.size > MAX_BYTES) return "The picture is larger than 15 MB.";
  return "";
}

/** A file as a data: address. */
export function dataUrl(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(new Error("The picture cannot be read."));
    reader.readAsDataURL(file);
  });
}

/** A small copy to keep with the conversation; empty where the browser cannot draw it. */
export async function thumbnail(file, size = 320) {
  try {
    const bitmap = await createImageBitmap(file);
    const scale = Math.min(1, size / Math.max(bitmap.width, bitmap.height));
    const canvas = el("canvas", { width: Math.max(1, Math.round(bitmap.width * scale)), height: Math.max(1, Math.round(bitmap.height * scale)) });
    const context = canvas.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    return canvas.toDataURL("image/jpeg", 0.8);
  } catch {
    return "";
  }
}

/** The rectangle of a media fragment in pixels: `xywh=pixel:10,20,300,40`. */
export function region(text) {
  const numbers = /^xywh=(?:pixel:)?(\d+),(\d+),(\d+),(\d+)$/.exec(text ?? "");
  if (!numbers) return null;
  const [x, y, width, height] = numbers.slice(1).map(Number);
  return { x, y, width, height };
}

function outline(box, width, height) {
  const hole = `M0 0H${width}V${height}H0ZM${box.x} ${box.y}v${box.height}h${box.width}v${-box.height}Z`;
  const rectangle = { x: box.x, y: box.y, width: box.width, height: box.height };
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true", class: "region" },
    svg("path", { d: hole, "fill-rule": "evenodd", class: "region-shade" }),
    svg("rect", { ...rectangle, class: "region-line outer" }),
    svg("rect", { ...rectangle, class: "region-line" }));
}

/** A picture with the region that matters outlined. Regions count pixels of the original;
    `instead` is a copy for browsers that cannot show that, and may be smaller. */
export function shownPicture(address, alt, regionText, instead) {
  const image = el("img", { src: address, alt });
  const figure = el("figure", { class: "shown-picture" }, image);
  const box = region(regionText);
  image.addEventListener("load", () => {
    if (box && image.getAttribute("src") === address) figure.append(outline(box, image.naturalWidth, image.naturalHeight));
  });
  image.addEventListener("error", () => {
    if (instead && image.getAttribute("src") === address) {
      image.src = instead;
      return;
    }
    figure.replaceWith(notice("quiet", "The browser cannot show this picture; the original can be downloaded."));
  });
  return figure;
}
