// Namespaces that share one connection, a Manager with a query, and a class-based namespace.
"use strict";
const { acknowledged, fact, manager, next, run } = require("./client.cjs");

run(async () => {
  const shared = manager({ query: { token: "of the manager" }, extraHeaders: { "X-Interop": "yes" } });
  const main = shared.socket("/");
  const chat = shared.socket("/chat", { auth: { user: "ann" } });
  const diary = shared.socket("/diary");
  await Promise.all([main, chat, diary].map((socket) => next(socket, "connect")));
  fact("one engine", main.io.engine === chat.io.engine && chat.io.engine === diary.io.engine);
  fact("own sids", new Set([main.id, chat.id, diary.id, main.io.engine.id]).size);

  const [ofMain] = await acknowledged(main, "handshake");
  const [ofChat] = await acknowledged(chat, "handshake", 1);
  fact("sid is the server's", ofMain.sid === main.id && ofChat.sid === chat.id);
  fact("main", [ofMain.namespace, ofMain.event, ofMain.args.token, ofMain.header, ofMain.auth]);
  fact("chat", [ofChat.namespace, ofChat.event, ofChat.args.token, ofChat.auth]);

  const notice = next(chat, "notice");
  main.once("notice", () => fact("notice in /", true));
  main.emit("notify chat", "from /");
  fact("notice in /chat", await notice);

  fact("class", await acknowledged(diary, "write", "today"));
  const written = next(diary, "written");
  diary.emit("write", "again");
  fact("class emits", await written);

  chat.disconnect();
  fact("after leaving /chat", await acknowledged(main, "echo", "still here"));
  const again = next(chat, "connect");
  chat.connect();
  await again;
  fact("after coming back", await acknowledged(chat, "echo", "back"));
  shared._close();
});
