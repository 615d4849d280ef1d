// With `always_connect` a refused client is connected first and disconnected then.
"use strict";
const { connect, fact, next, run } = require("./client.cjs");

run(async () => {
  const socket = connect("/auth", { auth: { token: "wrong" } });
  const gone = next(socket, "disconnect");
  await next(socket, "connect");
  fact("connected", true);
  fact("reason", (await gone)[0]);
});
