// What the connect handler sees, and the ways in which it refuses.
"use strict";
const { acknowledged, connect, connected, fact, next, run } = require("./client.cjs");

async function refusal(namespace, more) {
  const socket = connect(namespace, more);
  socket.once("connect", () => fact(`connected to ${namespace}`, true));
  const [error] = await next(socket, "connect_error");
  return [error.message, error.data ?? null, socket.connected, socket.active];
}

run(async () => {
  const more = { auth: { label: "ann", deep: { list: [1, null] } }, query: { room: "a b&c=d" } };
  const [seen] = await acknowledged(await connected("/", more), "handshake");
  fact("auth", seen.auth);
  fact("query", seen.args.room);
  const called = await connected("/", { auth: (give) => give({ computed: true }) });
  fact("computed auth", (await acknowledged(called, "handshake"))[0].auth);
  fact("no auth", (await acknowledged(await connected(), "handshake"))[0].auth);

  fact("return False", (await refusal("/auth"))[2]);
  fact("ConnectionRefusedError", await refusal("/auth", { auth: { token: "wrong" } }));
  fact("unknown namespace", await refusal("/nowhere"));
  const member = await connected("/auth", { auth: { token: "secret" } });
  fact("accepted", await acknowledged(member, "echo", "in"));
});
