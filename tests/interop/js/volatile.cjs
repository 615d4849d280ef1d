// Volatile events are sent while connected and dropped otherwise.
"use strict";
const { acknowledged, connect, fact, next, run } = require("./client.cjs");

run(async () => {
  const socket = connect();
  socket.volatile.emit("ordered", "too early");
  socket.emit("ordered", "buffered");
  await next(socket, "connect");
  if (!socket.io.engine.transport.writable) await next(socket.io.engine, "drain");
  await acknowledged(socket, "echo");
  await new Promise((resolve) => setImmediate(resolve));
  while (!socket.io.engine.transport.writable) await new Promise((resolve) => setTimeout(resolve, 5));
  socket.volatile.emit("ordered", "in time");
  fact("arrived", (await acknowledged(socket, "get order"))[0]);
});
