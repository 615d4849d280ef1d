// Acknowledgements in both directions, with time-outs.
"use strict";
const { acknowledged, connected, fact, next, run } = require("./client.cjs");

run(async () => {
  const socket = await connected();
  fact("no argument", await acknowledged(socket, "silent", "x"));
  fact("one argument", await acknowledged(socket, "echo", { a: [1] }));
  fact("many arguments", await acknowledged(socket, "echo", 1, "two", null));
  fact("emitWithAck", await socket.timeout(5000).emitWithAck("echo", "promised"));

  try {
    await socket.timeout(200).emitWithAck("nobody handles this", 1);
    fact("unhandled", "acknowledged");
  } catch (error) {
    fact("unhandled", error.message);
  }

  const atOnce = await Promise.all([...Array(50).keys()].map((n) => acknowledged(socket, "echo", n)));
  fact("fifty at once", atOnce.every(([n], index) => n === index));

  socket.on("question", (data, answer) => answer("answer", { to: data }, Buffer.from([1, 2])));
  const answered = next(socket, "answered");
  socket.emit("ask with callback", "life");
  const [{ args }] = await answered.catch(() => [{ args: null }]);
  fact("server callback", [args[0], args[1], [...args[2]]]);
  socket.off("question");
  socket.on("question", (data, answer) => answer(data * 2));
  fact("server call", await socket.emitWithAck("ask with call", 21));
  fact("server call without answer", await socket.emitWithAck("ask a silent client"));
});
