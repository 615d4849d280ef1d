// Exceptions in handlers: a connect handler refuses, another one costs an acknowledgement.
"use strict";
const { acknowledged, connect, connected, fact, next, run } = require("./client.cjs");

run(async () => {
  const crashed = connect("/crash");
  crashed.once("connect", () => fact("connected", true));
  const [error] = await next(crashed, "connect_error");
  fact("connect handler", [error.message, crashed.connected]);
  const socket = await connected();
  try {
    await socket.timeout(300).emitWithAck("explode");
    fact("event handler", "acknowledged");
  } catch (timeout) {
    fact("event handler", timeout.message);
  }
  fact("goes on", await acknowledged(socket, "echo", 1));
});
