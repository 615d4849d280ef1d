// Which transport carries the connection, at first and in the end.
"use strict";
const { acknowledged, connect, fact, next, run, upgraded } = require("./client.cjs");

run(async () => {
  const socket = connect();
  const { engine } = socket.io;
  const names = [];
  engine.once("open", () => names.push(engine.transport.name));
  await next(socket, "connect");
  fact("first", names[0]);
  await upgraded(socket);
  fact("last", engine.transport.name);
  fact("same session", engine.id.length > 0);
  fact("echo", await acknowledged(socket, "echo", "after"));
});
