// The client leaves, or is asked to go: `node leave.cjs URL TRANSPORT default HOW`.
"use strict";
const { connect, fact, next, run } = require("./client.cjs");

const how = process.argv[5];

run(async () => {
  const socket = connect("/", { query: { label: process.argv[6] } });
  await next(socket, "connect");
  const gone = next(socket, "disconnect");
  if (how === "disconnect") socket.disconnect();
  if (how === "close the engine") socket.io.engine.close();
  if (how === "kick") socket.emit("kick");
  fact("reason", (await gone)[0]);
  fact("active", socket.active ?? false);
});
