// The Socket.IO connection: opening it, asking questions, and saying how it is.

const ANSWER_TIMEOUT = 10_000; // milliseconds
const PICTURE_TIMEOUT = 30_000;

// Opens the connection. `report(state, text)` is called whenever its state changes:
// "online", "offline" (trying again by itself), "refused" or "replaced" (both final).
export function connect(name, token, report) {
  const socket = window.io({
    auth: { name, token },
    reconnectionDelay: 400,
    reconnectionDelayMax: 3000,
    forceNew: true,
  });
  let replaced = false;

  socket.on("connect", () => {
    report("online", "");
    showTransport(socket.io.engine);
  });
  socket.on("replaced", () => (replaced = true));
  socket.on("connect_error", (error) => {
    // `active` says that the client tries again by itself; otherwise the server said no.
    if (socket.active) report("offline", "Reconnecting…");
    else report("refused", error.message);
  });
  socket.on("disconnect", (reason) => {
    if (replaced) return report("replaced", "The chat was opened in another window.");
    if (reason === "io client disconnect") return;
    report("offline", "Reconnecting…");
    // A server that says goodbye, as one that is restarted does, must be called again by hand.
    if (reason === "io server disconnect") setTimeout(() => socket.connect(), 500);
  });
  socket.io.on("reconnect_attempt", (attempt) => report("offline", `Reconnecting, attempt ${attempt}…`));
  return socket;
}

// Notes how packets travel, for whoever looks at the page with the browser's tools.
function showTransport(engine) {
  const show = () => (document.body.dataset.transport = engine.transport.name);
  show();
  engine.once("upgrade", show);
}

// Sends an event and returns what the server answers; throws an Error that can be shown.
export async function request(socket, event, data) {
  if (!socket?.connected) throw new Error("There is no connection right now. Your text is kept.");
  const timeout = data.image ? PICTURE_TIMEOUT : ANSWER_TIMEOUT;
  let answer;
  try {
    answer = await socket.timeout(timeout).emitWithAck(event, data);
  } catch {
    throw new Error("The server did not answer. Please try again.");
  }
  if (!answer?.ok) throw new Error(answer?.error ?? "That did not work.");
  return answer;
}
