// The Flask session: one for all namespaces of a connection, none of another's.
"use strict";
const { acknowledged, connected, fact, manager, next, run } = require("./client.cjs");

run(async () => {
  const shared = manager();
  const main = shared.socket("/");
  const chat = shared.socket("/chat");
  await Promise.all([next(main, "connect"), next(chat, "connect")]);
  await acknowledged(main, "set session", "name", "ann");
  fact("own", (await acknowledged(main, "get session", "name"))[0].value);
  fact("other namespace", (await acknowledged(chat, "get session", "name"))[0].value);
  const other = await connected();
  fact("other client", (await acknowledged(other, "get session", "name"))[0].value);
  (shared._close ?? shared.close).call(shared); // the second in old clients
});
