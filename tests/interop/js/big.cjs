// Messages of 900 kB in both directions, text and binary.
"use strict";
const zlib = require("node:zlib");
const { acknowledged, connected, fact, next, run } = require("./client.cjs");

const SIZE = 900_000;
const PATTERN = Buffer.from(Array.from({ length: 95 }, (_, index) => 32 + index));

run(async () => {
  const socket = await connected();
  const text = "abcdefghi ".repeat(SIZE / 10);
  const [type, length, sum] = (await acknowledged(socket, "measure", text))[0];
  fact("text up", type === "str" && length === SIZE && sum === crc(Buffer.from(text)));
  const blob = Buffer.alloc(650_000, PATTERN);
  const [kind, size, check] = (await acknowledged(socket, "measure", blob))[0];
  fact("binary up", kind === "bytes" && size === blob.length && check === crc(blob));

  for (const [name, binary] of [["text down", false], ["binary down", true]]) {
    const big = next(socket, "big");
    socket.emit("send big", SIZE, binary);
    const [data] = await big;
    fact(name, Buffer.from(data).equals(Buffer.alloc(SIZE, PATTERN)));
  }
});

// zlib.crc32 is newer than the oldest Node that is supported.
function crc(data) {
  if (zlib.crc32) return zlib.crc32(data);
  let value = 0xffffffff;
  for (const byte of data) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (0xedb88320 & -(value & 1));
  }
  return (value ^ 0xffffffff) >>> 0;
}
