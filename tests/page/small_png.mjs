// Pictures for the docs with a palette of 256 colours: a third of the bytes of chromium's own.

import { deflateSync, crc32 } from "node:zlib";
import { writeFileSync } from "node:fs";

/** Reads a PNG with the browser, because it can, and writes it again with its 256 most frequent colours. */
export async function write_small_png(page, picture, path) {
  const { width, height, data } = await page.evaluate(async (text) => {
    const image = new Image();
    image.src = "data:image/png;base64," + text;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = image.naturalWidth;
    canvas.height = image.naturalHeight;
    const pen = canvas.getContext("2d");
    pen.drawImage(image, 0, 0);
    const bytes = pen.getImageData(0, 0, canvas.width, canvas.height).data;
    let binary = "";
    for (let at = 0; at < bytes.length; at += 32768) binary += String.fromCharCode(...bytes.subarray(at, at + 32768));
    return { width: canvas.width, height: canvas.height, data: btoa(binary) };
  }, picture.toString("base64"));
  writeFileSync(path, encoded(width, height, Buffer.from(data, "base64")));
}

function encoded(width, height, pixels) {
  // Colours that differ by less than a hundredth are one; frequent ones come first.
  const key = (at) => ((pixels[at] >> 2) << 12) | ((pixels[at + 1] >> 2) << 6) | (pixels[at + 2] >> 2);
  const counts = new Map();
  for (let at = 0; at < pixels.length; at += 4) {
    const known = counts.get(key(at));
    if (known) ++known.count;
    else counts.set(key(at), { count: 1, colour: [pixels[at], pixels[at + 1], pixels[at + 2]] });
  }
  const palette = [...counts.values()]
    .sort((one, other) => other.count - one.count)
    .slice(0, 256)
    .map((entry) => entry.colour);
  const nearest = new Map();
  for (const [one, { colour }] of counts) {
    let least = Infinity;
    palette.forEach((other, index) => {
      const apart = colour.reduce((sum, part, at) => sum + (part - other[at]) ** 2, 0);
      if (apart < least) [least] = [apart, nearest.set(one, index)];
    });
  }
  const lines = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; ++y) for (let x = 0; x < width; ++x) lines[y * (width + 1) + 1 + x] = nearest.get(key((y * width + x) * 4));
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", head),
    chunk("PLTE", Buffer.from(palette.flat())),
    chunk("IDAT", deflateSync(lines, { level: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(name, data) {
  const body = Buffer.concat([Buffer.from(name, "latin1"), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body) >>> 0, 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}
