// Shows what a view and what a handler find in the session, after each change.

const socket = window.io();
const place = (id) => document.getElementById(id);

function show(id, value) {
  place(id).textContent = value ?? "(nothing)";
}

async function look() {
  const answer = await fetch("/note");
  show("http-note", (await answer.json()).note);
  const seen = await socket.timeout(5000).emitWithAck("note");
  show("event-user", seen.user);
  show("event-note", seen.note);
}

// Has a form do something with what was written, and shows what has changed.
function onSubmit(id, write) {
  place(id).addEventListener("submit", async (event) => {
    event.preventDefault();
    const field = event.target.querySelector("input");
    try {
      await write(field.value);
      field.value = "";
      await look();
    } catch (error) {
      place("problem").textContent = error.message;
    }
  });
}

onSubmit("http-write", (text) =>
  fetch("/note", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(text),
  }),
);
onSubmit("event-write", (text) => socket.timeout(5000).emitWithAck("write note", text));
onSubmit("event-name", (name) => socket.timeout(5000).emitWithAck("change name", name));

socket.on("connect", look);
socket.on("connect_error", (error) => (place("problem").textContent = error.message));
