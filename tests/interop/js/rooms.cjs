// Rooms and broadcasts, with and without the sender, in two namespaces.
"use strict";
const { acknowledged, connected, fact, run } = require("./client.cjs");

run(async () => {
  const [ann, bob, cid, eve] = await Promise.all(["/", "/", "/", "/chat"].map((n) => connected(n)));
  const heard = { ann: [], bob: [], cid: [], eve: [] };
  for (const [name, socket] of Object.entries({ ann, bob, cid, eve })) {
    socket.on("room", (data) => heard[name].push(data));
    socket.on("broadcast", (data) => heard[name].push(data));
  }
  // An acknowledgement follows what was sent before it, so after one round everything has arrived.
  const settle = () => Promise.all([ann, bob, cid, eve].map((s) => acknowledged(s, "echo")));

  fact("joined", await acknowledged(ann, "join", "red"));
  fact("two rooms", await acknowledged(ann, "join", "blue"));
  await acknowledged(bob, "join", "red");
  await acknowledged(cid, "join", "blue");
  await acknowledged(eve, "join", "red");

  await acknowledged(ann, "to room", "red", "to red");
  await acknowledged(ann, "to room", "red", "to red, not me", false);
  await acknowledged(cid, "to room", ["red", "blue"], "to both");
  await acknowledged(bob, "to room", ann.id, "to one sid");
  await acknowledged(bob, "to room", "nobody is here", "lost");
  await acknowledged(eve, "to room", "red", "red in /chat");
  await settle();
  fact("left", await acknowledged(ann, "leave", "red"));
  await acknowledged(bob, "to room", "red", "after ann left");
  await acknowledged(ann, "close room", "blue");
  fact("closed", await acknowledged(cid, "rooms"));
  await acknowledged(ann, "broadcast", "to all");
  await acknowledged(ann, "broadcast", "to the others", false);
  await settle();
  for (const [name, words] of Object.entries(heard)) fact(name, words);
});
