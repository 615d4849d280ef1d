// A message over the limit ends this client, with a reason; the server goes on.
"use strict";
const { acknowledged, connected, fact, next, run } = require("./client.cjs");

run(async () => {
  const socket = await connected("/", { auth: { label: "too-big" } });
  const gone = next(socket, "disconnect");
  socket.emit("measure", "x".repeat(1_500_000));
  const [reason, details] = await gone;
  fact("reason", reason);
  fact("code", details?.context?.code ?? details?.context?.status ?? details?.description);
  fact("another client", await acknowledged(await connected(), "echo", "fine"));
});
