// How an old client is told that a connect handler refused it: by an ERROR packet.
"use strict";
const { connect, fact, manager, next, run } = require("./client.cjs");

run(async () => {
  const shared = manager();
  await next(shared.socket("/"), "connect");
  for (const [name, namespace, query] of [
    ["return False", "/auth", ""],
    ["ConnectionRefusedError", "/auth", "token=wrong"],
    ["unknown namespace", "/nowhere", ""],
    ["exception", "/crash", ""],
  ]) {
    const socket = shared.socket(namespace, { query });
    socket.once("connect", () => fact(`connected to ${namespace}`, true));
    const [error] = await next(socket, "error");
    fact(name, error ?? null);
    socket.off("connect");
    delete shared.nsps[namespace];
  }
  const member = shared.socket("/auth", { query: "token=secret" });
  await next(member, "connect");
  fact("accepted", member.connected);
  connect("/").close();
});
