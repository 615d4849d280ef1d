// Binary in both directions, as Buffer and ArrayBuffer, nested, in acknowledgements.
"use strict";
const { acknowledged, connected, fact, next, run } = require("./client.cjs");

run(async () => {
  const socket = await connected();
  const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
  fact("Buffer", await acknowledged(socket, "shape", Buffer.from("abc")));
  fact("ArrayBuffer", await acknowledged(socket, "shape", bytes.buffer));
  fact("view", await acknowledged(socket, "shape", bytes.subarray(10, 20)));
  fact("empty", await acknowledged(socket, "shape", Buffer.alloc(0)));
  const nested = { text: "t", deep: [{ raw: Buffer.from([1]) }, 2, Buffer.from([3, 4])] };
  fact("nested", await acknowledged(socket, "shape", nested, Buffer.from([5])));

  const [echoed] = await acknowledged(socket, "echo", nested);
  fact("nested back", [echoed.text, [...echoed.deep[0].raw], echoed.deep[1], [...echoed.deep[2]]]);

  const back = next(socket, "bounce");
  socket.emit("bounce", Buffer.from([7]), "between", Buffer.from([8]));
  const [first, between, last] = await back;
  fact("order", [[...first], between, [...last]]);

  const sent = next(socket, "binary");
  socket.emit("send binary");
  const [{ first: head, list }] = await sent;
  fact("from the server", [[...head], list[0].length, list[1], list[2].length, list[2][255]]);
});
