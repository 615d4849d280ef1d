// A path that is not the engine's is answered by the Flask application.
"use strict";
const { connect, fact, next, run } = require("./client.cjs");

run(async () => {
  const socket = connect("/", { path: "/elsewhere/" });
  const [error] = await next(socket, "connect_error");
  fact("message", error.message);
  fact("response", String(error.description?.message ?? error.description));
});
