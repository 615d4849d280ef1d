// Draws the lists beside the conversation: rooms, private conversations and who is here.

import { $, avatar, element } from "./elements.js";

// `choose(kind, name)` is called when somebody picks a conversation.
export class Sidebar {
  constructor(conversations, choose) {
    this.conversations = conversations;
    this.choose = choose;
    this.rooms = []; // of the server: { name, members }
    this.revision = 0;
    this.myName = "";
    for (const [button, panel] of [["open-sidebar", "sidebar"], ["open-people", "people"]]) {
      $(button).addEventListener("click", () => this.#toggle(panel, button));
    }
    $("shade").addEventListener("click", () => this.closePanels());
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.#escape());
  }

  setRooms({ rooms, revision }) {
    if (revision <= this.revision) return;
    this.rooms = rooms;
    this.revision = revision;
    this.draw();
  }

  draw() {
    this.#drawRooms();
    this.#drawPrivate();
    this.#drawMembers();
    const current = this.conversations.current;
    const elsewhere = this.conversations.unread - (current?.unread ?? 0);
    $("unread-elsewhere").hidden = elsewhere === 0;
  }

  closePanels() {
    for (const panel of ["sidebar", "people"]) $(panel).classList.remove("open");
    for (const button of ["open-sidebar", "open-people"]) $(button).ariaExpanded = "false";
  }

  // Closes the panel by keyboard: the focus goes back to the button that opened it.
  #escape() {
    document.querySelector('#chat [aria-expanded="true"]')?.focus();
    this.closePanels();
  }

  #toggle(panel, button) {
    const open = !$(panel).classList.contains("open");
    this.closePanels();
    $(panel).classList.toggle("open", open);
    $(button).ariaExpanded = String(open);
    if (open) $(panel).querySelector("button")?.focus();
  }

  #drawRooms() {
    const joined = this.conversations.of("room").map((room) => room.name);
    const known = this.rooms.map((room) => room.name);
    const names = [...known, ...joined.filter((name) => !known.includes(name))];
    replace($("rooms"), names.map((name) => this.#room(name)));
  }

  #room(name) {
    const conversation = this.conversations.get("room", name);
    const members = this.rooms.find((room) => room.name === name)?.members ?? 0;
    const row = this.#row("room", name, conversation, element("span", { className: "hash", ariaHidden: "true" }, "#"));
    row.classList.toggle("joined", Boolean(conversation));
    const here = element("span", { className: "count", title: `${members} here` }, String(members));
    if (!conversation?.unread) row.append(here, element("span", { className: "sr-only" }, conversation ? " here" : " here, not joined"));
    return element("li", {}, row);
  }

  #drawPrivate() {
    const conversations = this.conversations.of("private");
    $("private-hint").hidden = conversations.length > 0;
    replace($("privates"), conversations.map((one) => element("li", {}, this.#row("private", one.name, one, avatar(one.name)))));
  }

  #drawMembers() {
    const current = this.conversations.current;
    $("people").hidden = current?.kind !== "room";
    $("open-people").hidden = current?.kind !== "room";
    const members = current?.members ?? [];
    $("people-title").textContent = `Here now · ${members.length}`;
    replace($("members"), members.map((name) => element("li", {}, this.#member(name))));
  }

  #member(name) {
    if (name === this.myName) {
      return element("span", { className: "row self" }, avatar(name), element("span", { className: "label" }, name), element("small", {}, "you"));
    }
    const button = element("button", { type: "button", className: "row", title: `Talk to ${name} in private` });
    button.dataset.key = `member:${name}`;
    button.append(avatar(name), element("span", { className: "label" }, name));
    if (this.conversations.current?.typing.has(name)) button.append(element("small", { className: "dots", role: "img", ariaLabel: "typing" }, "•••"));
    button.addEventListener("click", () => this.choose("private", name));
    return button;
  }

  #row(kind, name, conversation, mark) {
    const row = element("button", { type: "button", className: "row" }, mark, element("span", { className: "label" }, name));
    row.dataset.key = `${kind}:${name}`;
    if (conversation && conversation === this.conversations.current) row.ariaCurrent = "true";
    if (conversation?.unread) {
      row.append(element("span", { className: "badge" }, String(conversation.unread)), element("span", { className: "sr-only" }, " unread"));
    }
    row.addEventListener("click", () => this.choose(kind, name));
    return row;
  }
}

// Exchanges the rows of a list; whoever moves by keyboard keeps the place.
function replace(list, rows) {
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  list.replaceChildren(...rows);
  if (focused) [...list.querySelectorAll("[data-key]")].find((row) => row.dataset.key === focused)?.focus();
}
