// What every scenario needs: `node scenario.cjs URL TRANSPORT [PARSER]`.
// TRANSPORT is polling, websocket, or upgrade (polling first); each fact is printed as one JSON line.
// In the place of PARSER another version of the client may be named, as package.json does.
"use strict";
const readline = require("node:readline");

const [url, transport = "upgrade", parser = "default"] = process.argv.slice(2);
const client = require(parser.startsWith("socket.io-client") ? parser : "socket.io-client");
const { Manager, io = client } = client;
const transports = transport === "upgrade" ? ["polling", "websocket"] : [transport];
const opened = [];

function options(more = {}) {
  const parsers = parser === "msgpack" ? { parser: require("socket.io-msgpack-parser") } : {};
  return { transports, reconnection: false, forceNew: true, ...parsers, ...more };
}

function connect(namespace = "/", more = {}) {
  const socket = io(url + (namespace === "/" ? "" : namespace), options(more));
  opened.push(socket);
  return socket;
}

function manager(more = {}) {
  return new Manager(url, options(more));
}

function fact(name, value = null) {
  process.stdout.write(JSON.stringify({ fact: name, value }) + "\n");
}

// The arguments of the next event of that name.
function next(emitter, event) {
  return new Promise((resolve) => emitter.once(event, (...args) => resolve(args)));
}

// The arguments of the next `count` events of that name.
function several(emitter, event, count) {
  return new Promise((resolve) => {
    const all = [];
    emitter.on(event, function listener(...args) {
      all.push(args);
      if (all.length === count) {
        emitter.off(event, listener);
        resolve(all);
      }
    });
  });
}

async function connected(namespace, more) {
  const socket = connect(namespace, more);
  await new Promise((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("connect_error", reject);
  });
  return socket;
}

// The upgrade may be over before the namespace is connected.
async function upgraded(socket) {
  const { engine } = socket.io;
  if (transport === "upgrade" && engine.transport.name === "polling") await next(engine, "upgrade");
}

// An acknowledgement, all its arguments.
function acknowledged(socket, event, ...args) {
  return new Promise((resolve) => socket.emit(event, ...args, (...answer) => resolve(answer)));
}

let lines = null;

// The next word that the test tells this script.
function told() {
  lines ??= readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  return lines.next().then(({ value }) => value);
}

async function run(scenario) {
  try {
    await scenario();
    for (const socket of opened) socket.disconnect();
    // Leaves time for the farewell of a polling client, which is a request of its own.
    setTimeout(() => process.exit(0), transport === "polling" ? 50 : 20);
  } catch (error) {
    console.error(error);
    process.exit(1);
  }
}

module.exports = {
  acknowledged, connect, connected, fact, manager, next, run, several, told, transport, upgraded,
};
