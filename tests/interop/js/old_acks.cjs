// Acknowledgements in both directions, with what old clients have for them.
"use strict";
const { acknowledged, connected, fact, next, run } = require("./client.cjs");

run(async () => {
  const socket = await connected();
  fact("no argument", await acknowledged(socket, "silent", "x"));
  fact("many arguments", await acknowledged(socket, "echo", 1, "žluťoučký 🐍", null, { a: [1] }));
  const atOnce = await Promise.all([...Array(50).keys()].map((n) => acknowledged(socket, "echo", n)));
  fact("fifty at once", atOnce.every(([n], index) => n === index));

  socket.on("question", (data, answer) => answer("answer", { to: data }, Buffer.from([1, 2])));
  const answered = next(socket, "answered");
  socket.emit("ask with callback", "life");
  const [{ args }] = await answered;
  fact("server callback", [args[0], args[1], [...args[2]]]);
  socket.off("question");
  socket.on("question", (data, answer) => answer(data * 2));
  fact("server call", (await acknowledged(socket, "ask with call", 21))[0]);
});
