// Namespaces of old clients: one sid with the namespace before it, and a query string for each.
"use strict";
const { acknowledged, fact, manager, next, run } = require("./client.cjs");

run(async () => {
  const shared = manager({ query: { token: "of the manager", other: "1" } });
  const main = shared.socket("/");
  await next(main, "connect");
  const chat = shared.socket("/chat", { query: "token=of+the+namespace&more=%C3%A9" });
  await next(chat, "connect");
  const [ofMain] = await acknowledged(main, "handshake");
  const [ofChat] = await acknowledged(chat, "handshake", 1);
  fact("sids", [ofMain.sid === main.io.engine.id, ofChat.sid === `/chat#${main.io.engine.id}`]);
  fact("the client's sids", [main.id === ofMain.sid, ofChat.sid.replace(chat.id, "")]);
  const { token, other, more } = ofChat.args;
  fact("main", [ofMain.namespace, ofMain.args.token, ofMain.auth]);
  fact("chat", [ofChat.namespace, token, other, more]);

  const notice = next(chat, "notice");
  main.emit("notify chat", "from /");
  fact("notice in /chat", await notice);

  chat.disconnect();
  fact("after leaving /chat", await acknowledged(main, "echo", "still here"));
  const again = next(chat, "connect");
  chat.connect();
  await again;
  fact("after coming back", await acknowledged(chat, "echo", "back"));
  main.disconnect();
  chat.disconnect();
});
