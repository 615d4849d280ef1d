// Old and current clients, each on another transport, in one room: `node mixed_room.cjs URL`.
"use strict";
const { acknowledged, fact, run } = require("./client.cjs");

const url = process.argv[2];
const members = [
  ["socket.io-client-1.7", "polling"], ["socket.io-client-1.7", "websocket"],
  ["socket.io-client-2", "polling"], ["socket.io-client-2", "websocket"],
  ["socket.io-client", "polling"], ["socket.io-client", "websocket"],
];

async function join([name, transport]) {
  const client = require(name);
  const socket = (client.io ?? client)(url, { transports: [transport], forceNew: true });
  await new Promise((resolve) => socket.on("connect", resolve));
  await acknowledged(socket, "join", "mixed");
  return socket;
}

run(async () => {
  const sockets = await Promise.all(members.map(join));
  const heard = sockets.map((socket) => {
    const words = [];
    socket.on("room", (data) => words.push(data.raw ? [...data.raw] : data));
    return words;
  });
  for (const [number, socket] of sockets.entries()) {
    await acknowledged(socket, "to room", "mixed", `${number} říká 🐍`);
    await acknowledged(socket, "to room", "mixed", { raw: Buffer.from([number, 255]) });
  }
  await Promise.all(sockets.map((socket) => acknowledged(socket, "echo", 0)));
  for (const [number, words] of heard.entries()) fact(members[number].join(" "), words);
  for (const socket of sockets) socket.disconnect();
});
