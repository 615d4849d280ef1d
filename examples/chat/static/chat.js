// The chat: connects what the server says with the parts of the page.

import { Composer } from "./composer.js";
import { connect, request } from "./connection.js";
import { Conversations } from "./conversations.js";
import { $, alertUser, clockTime, dress } from "./elements.js";
import { prepare } from "./pictures.js";
import { Sidebar } from "./sidebar.js";
import { Timeline } from "./timeline.js";

const TYPING_LASTS = 4000; // milliseconds
const DEFAULT_ROOM = "lobby";

const conversations = new Conversations();
const timeline = new Timeline(async (message) => (await ask("picture", { room: message.room, id: message.id })).image);
const sidebar = new Sidebar(conversations, choose);
const composer = new Composer({ sendText, sendFile, reportTyping });
let socket = null;
let everOnline = false;

const ask = (event, data) => request(socket, event, data);

// --- coming in, coming back ---------------------------------------------------------------------

// The tab remembers who you are and where you were, so that a reload brings everything back.
const memory = {
  read: () => JSON.parse(sessionStorage.getItem("chat") ?? "{}"),
  write: (values) => sessionStorage.setItem("chat", JSON.stringify({ ...memory.read(), ...values })),
};

function token() {
  if (!memory.read().token) {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    memory.write({ token: [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("") });
  }
  return memory.read().token;
}

function enter(name) {
  $("enter-error").textContent = "";
  $("enter").querySelector("button").disabled = true;
  everOnline = false;
  socket?.disconnect();
  socket = connect(name, token(), report);
  for (const [event, handler] of Object.entries(handlers)) socket.on(event, handler);
}

function report(state, text) {
  document.body.dataset.connection = state;
  $("status").textContent = text;
  if (state === "online") return restore().catch((error) => alertUser(error.message));
  $("enter").querySelector("button").disabled = false;
  forgetTyping(0);
  if (state !== "offline") return backToWelcome(text);
  if (!everOnline) $("enter-error").textContent = "The server cannot be reached. Trying again…";
}

// Asks for what a page needs, after the first connection and after each reconnection.
async function restore() {
  const hello = await ask("hello", {});
  showChat(hello.name);
  sidebar.revision = 0;
  sidebar.setRooms(hello);
  const wanted = conversations.of("room").map((room) => room.name);
  const remembered = memory.read().rooms ?? [linkedRoom()];
  const rooms = wanted.length || everOnline ? wanted : remembered;
  for (const room of rooms) await join(room).catch((error) => alertUser(error.message));
  if (everOnline) alertUser("You are connected again.", "good");
  everOnline = true;
  const current = memory.read().current;
  if (!conversations.current) select(conversations.get("room", current ?? rooms[0] ?? "") ?? conversations.of("room")[0] ?? null);
}

function linkedRoom() {
  try {
    return decodeURIComponent(location.hash.slice(1)).trim() || DEFAULT_ROOM;
  } catch {
    return DEFAULT_ROOM;
  }
}

function showChat(name) {
  memory.write({ name });
  timeline.myName = sidebar.myName = name;
  $("my-name").textContent = name;
  dress($("my-avatar"), name);
  $("welcome").hidden = true;
  $("chat").hidden = false;
}

function backToWelcome(text) {
  memory.write({ name: "" });
  $("chat").hidden = true;
  $("welcome").hidden = false;
  $("enter-error").textContent = text;
  $("name").focus();
}

// --- rooms --------------------------------------------------------------------------------------

async function join(name) {
  const { room, members, revision, history } = await ask("join", { room: name });
  const conversation = conversations.open("room", room);
  conversation.setMembers(members, revision);
  const placed = history.map((message) => conversation.add(message));
  if (conversation === conversations.current && placed.some((place) => place !== "known")) timeline.show(conversation);
  remember();
  sidebar.draw();
  return conversation;
}

async function choose(kind, name) {
  try {
    sidebar.closePanels();
    const known = conversations.get(kind, name);
    select(known ?? (kind === "room" ? await join(name) : conversations.open(kind, name)));
  } catch (error) {
    alertUser(error.message);
  }
}

async function leave() {
  const conversation = conversations.current;
  if (!conversation) return;
  try {
    if (conversation.kind === "room") await ask("leave", { room: conversation.name });
    conversations.close(conversation);
    select(conversations.of("room")[0] ?? null);
    remember();
  } catch (error) {
    alertUser(error.message);
  }
}

function select(conversation) {
  if (conversations.current) conversations.current.draft = $("text").value;
  composer.show(conversation);
  conversations.current = conversation;
  if (conversation) conversation.unread = 0;
  timeline.show(conversation);
  if (conversation?.kind === "room") history.replaceState(null, "", `#${encodeURIComponent(conversation.name)}`);
  remember();
  drawHead();
  sidebar.draw();
}

function remember() {
  const current = conversations.current;
  memory.write({ rooms: conversations.of("room").map((room) => room.name) });
  if (current?.kind === "room") memory.write({ current: current.name });
}

function drawHead() {
  const current = conversations.current;
  const isRoom = current?.kind === "room";
  $("title").textContent = current ? (isRoom ? `# ${current.name}` : current.name) : "No conversation";
  $("subtitle").textContent = !current ? "" : isRoom ? people(current.members.length) : "Private: only the two of you see this";
  $("leave").hidden = !current;
  $("leave").textContent = isRoom ? "Leave" : "Close";
  $("empty").hidden = Boolean(current?.messages.length);
  $("empty").textContent = current ? "Nothing here yet. Say something!" : "Choose a room, or create one.";
  document.title = conversations.unread ? `(${conversations.unread}) Chat` : "Chat";
  drawTyping();
}

const people = (count) => (count === 1 ? "1 person here" : `${count} people here`);

// --- talking ------------------------------------------------------------------------------------

function addTo(conversation, message) {
  const place = conversation.add(message);
  if (place === "known") return;
  conversation.typing.delete(message.author);
  const shown = conversation === conversations.current;
  const fromOthers = message.author && message.author !== timeline.myName;
  if (fromOthers && (!shown || document.hidden)) conversation.unread += 1;
  if (shown) place === "appended" ? timeline.append(message) : timeline.show(conversation);
  drawHead();
  sidebar.draw();
}

async function sendText(text) {
  const conversation = conversations.current;
  try {
    if (conversation.kind === "room") await ask("say", { room: conversation.name, text });
    else addTo(conversation, (await ask("whisper", { to: conversation.name, text })).message);
    return true;
  } catch (error) {
    alertUser(error.message);
    return false;
  }
}

async function sendFile(file) {
  const conversation = conversations.current;
  if (conversation?.kind !== "room") return alertUser("Pictures can be sent to rooms only.");
  try {
    const image = await prepare(file, Number(document.body.dataset.imageBytes));
    await ask("show", { room: conversation.name, image });
  } catch (error) {
    alertUser(error.message);
  }
}

function reportTyping(typing) {
  const current = conversations.current;
  if (!current || !socket?.connected) return;
  // `volatile`: a notice that cannot be sent now is worth nothing later.
  socket.volatile.emit("typing", current.kind === "room" ? { room: current.name, typing } : { to: current.name, typing });
}

function drawTyping() {
  const names = [...(conversations.current?.typing.keys() ?? [])];
  const who = names.length > 2 ? `${names.length} people` : names.join(" and ");
  const text = names.length ? `${who} ${names.length === 1 ? "is" : "are"} typing` : "";
  if ($("typing").textContent !== text) $("typing").textContent = text;
}

// --- what the server says -----------------------------------------------------------------------

const handlers = {
  said: (message) => {
    const conversation = conversations.get("room", message.room);
    if (conversation) addTo(conversation, message);
  },
  whispered: (message) => addTo(conversations.open("private", message.author), message),
  rooms: (list) => sidebar.setRooms(list),
  members: ({ room, members, revision, joined, left }) => {
    const conversation = conversations.get("room", room);
    if (!conversation) return;
    conversation.setMembers(members, revision);
    if (left) conversation.typing.delete(left);
    const who = joined ?? left;
    const notice = who && who !== timeline.myName && `${who} ${joined ? "joined" : "left"}`;
    if (notice) addTo(conversation, { id: revision, time: Date.now(), notice });
    drawHead();
    sidebar.draw();
  },
  typing: ({ name, room, typing }) => {
    const conversation = room ? conversations.get("room", room) : conversations.get("private", name);
    if (!conversation) return;
    if (typing) conversation.typing.set(name, Date.now());
    else conversation.typing.delete(name);
    drawTyping();
    sidebar.draw();
  },
  clock: ({ time, online }) => {
    $("clock").textContent = clockTime(time);
    $("online").textContent = `${online} online`;
    forgetTyping();
  },
};

// Somebody whose "stopped typing" got lost does not type for ever.
function forgetTyping(olderThan = TYPING_LASTS) {
  let forgotten = false;
  for (const { typing } of conversations.all.values()) {
    for (const [name, since] of typing) {
      if (Date.now() - since >= olderThan) forgotten = typing.delete(name);
    }
  }
  if (!forgotten) return;
  drawTyping();
  sidebar.draw();
}

// --- the page -----------------------------------------------------------------------------------

$("enter").addEventListener("submit", (event) => {
  event.preventDefault();
  if ($("name").value.trim()) enter($("name").value);
  else $("enter-error").textContent = "Please choose a name.";
});
$("new-room").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = $("room-name").value.trim();
  $("room-name").value = "";
  if (name) choose("room", name);
});
$("leave").addEventListener("click", leave);
$("quit").addEventListener("click", () => {
  sessionStorage.removeItem("chat");
  socket?.disconnect();
  location.reload();
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden || !conversations.current) return;
  conversations.current.unread = 0;
  drawHead();
});

if (memory.read().name) {
  $("name").value = memory.read().name;
  enter(memory.read().name);
}
