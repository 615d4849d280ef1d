// A thousand events in one tick arrive in order, in both directions.
"use strict";
const { acknowledged, connected, fact, run, several } = require("./client.cjs");

const COUNT = 1000;
const in_order = (numbers) => numbers.length === COUNT && numbers.every((n, index) => n === index);

run(async () => {
  const socket = await connected();
  for (let number = 0; number < COUNT; number++) socket.emit("ordered", number);
  const [order] = await acknowledged(socket, "get order");
  fact("up", in_order(order) || order.length);

  const down = several(socket, "burst", COUNT);
  socket.emit("burst", COUNT);
  fact("down", in_order((await down).flat()));

  const answers = [];
  await Promise.all([...Array(COUNT).keys()].map((number) =>
    acknowledged(socket, "echo", number).then(([answer]) => answers.push(answer))));
  fact("acknowledgements", in_order(answers));
});
