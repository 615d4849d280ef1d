// Stays connected until something happens to the connection: `node stay.cjs URL TRANSPORT default LABEL`.
// With a last argument `reconnect` it comes back, with events that were emitted while it was away.
"use strict";
const { acknowledged, connect, fact, next, run, told, upgraded } = require("./client.cjs");

const reconnects = process.argv[6] === "reconnect";

run(async () => {
  const socket = connect("/", {
    auth: { label: process.argv[5] },
    query: { label: process.argv[5] },
    reconnection: reconnects,
    reconnectionDelay: 50,
    reconnectionDelayMax: 200,
  });
  await next(socket, "connect");
  await upgraded(socket);
  const first = socket.id;
  fact("connected", (await acknowledged(socket, "echo", "ready"))[0]);
  const [reason] = await next(socket, "disconnect");
  if (!reconnects) return fact("disconnected", reason);
  for (let number = 0; number < 5; number++) socket.emit("ordered", number);
  fact("disconnected", reason);
  fact("buffered", socket.sendBuffer.length);
  await next(socket, "connect");
  fact("new sid", socket.id !== first);
  fact("arrived", (await acknowledged(socket, "get order"))[0]);
  fact("reconnected");
  await told();
});
