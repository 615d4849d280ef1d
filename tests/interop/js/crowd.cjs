// Two hundred clients at once: all echo, and one broadcast reaches all.
"use strict";
const { acknowledged, connected, fact, next, run } = require("./client.cjs");

const COUNT = 200;

run(async () => {
  const crowd = await Promise.all([...Array(COUNT)].map(() => connected()));
  fact("connected", new Set(crowd.map((socket) => socket.id)).size);
  const echoes = await Promise.all(crowd.map((socket, index) => acknowledged(socket, "echo", index)));
  fact("echoed", echoes.filter(([answer], index) => answer === index).length);
  const heard = Promise.all(crowd.map((socket) => next(socket, "broadcast")));
  crowd[7].emit("broadcast", "to all");
  fact("heard", (await heard).filter(([word]) => word === "to all").length);
});
