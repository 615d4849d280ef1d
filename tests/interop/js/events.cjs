// Events in both directions: no, one and many arguments, every JSON type, names with spaces.
"use strict";
const { connected, fact, next, run } = require("./client.cjs");

run(async () => {
  const socket = await connected();
  const rounds = {
    "no argument": [],
    "one argument": ["hello"],
    "many arguments": [1, "two", { three: [3, null, true, 3.5] }],
    "empty values": ["", 0, false, null, [], {}],
    unicode: ["žluťoučký 🐍\u0000\u2028\"\\"],
    "looks like the protocol": ["42[\"echo\"]", "\u001e", "451-[\"x\"]"],
    "big number": [2 ** 53 - 1, -1.5e-300],
  };
  for (const [name, args] of Object.entries(rounds)) {
    const back = next(socket, "bounce");
    socket.emit("bounce", ...args);
    fact(name, JSON.stringify(await back) === JSON.stringify(args));
  }
  const many = next(socket, "several");
  socket.emit("several");
  fact("several", await many);

  const text = next(socket, "message");
  socket.send("unnamed");
  fact("message", await text);
  const json = next(socket, "json");
  socket.emit("json", { unnamed: true });
  fact("json", await json);

  const background = new Promise((resolve) => {
    const numbers = [];
    socket.on("background", ({ number }) => numbers.push(number) === 3 && resolve(numbers));
  });
  socket.emit("background", 3);
  fact("background", await background);
});
