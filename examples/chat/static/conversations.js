// What the page knows of each conversation. No drawing happens here.

const KEPT_MESSAGES = 300;

// A room, or a private conversation with one person.
export class Conversation {
  constructor(kind, name) {
    this.kind = kind; // "room" or "private"
    this.name = name;
    this.messages = []; // sorted by id, which grows with time
    this.members = [];
    this.membersRevision = 0;
    this.typing = new Map(); // name -> when that person was last seen typing
    this.unread = 0;
    this.draft = "";
  }

  get key() {
    return keyOf(this.kind, this.name);
  }

  // Returns "appended", "inserted" (it belongs before others) or "known" (it was here already).
  add(message) {
    let place = this.messages.length;
    while (place > 0 && this.messages[place - 1].id > message.id) place -= 1;
    if (place > 0 && this.messages[place - 1].id === message.id) return "known";
    const last = place === this.messages.length;
    this.messages.splice(place, 0, message);
    if (this.messages.length > KEPT_MESSAGES) URL.revokeObjectURL(this.messages.shift().address);
    return last ? "appended" : "inserted";
  }

  setMembers(members, revision) {
    if (revision <= this.membersRevision) return; // an older list was overtaken by a newer one
    this.members = members;
    this.membersRevision = revision;
  }
}

export function keyOf(kind, name) {
  return `${kind}:${name.toLowerCase()}`;
}

// All conversations, in the order in which they were opened, and which of them is shown.
export class Conversations {
  constructor() {
    this.all = new Map();
    this.current = null;
  }

  get(kind, name) {
    return this.all.get(keyOf(kind, name)) ?? null;
  }

  open(kind, name) {
    const known = this.get(kind, name);
    if (known) return known;
    const conversation = new Conversation(kind, name);
    this.all.set(conversation.key, conversation);
    return conversation;
  }

  close(conversation) {
    this.all.delete(conversation.key);
    if (this.current === conversation) this.current = null;
  }

  of(kind) {
    return [...this.all.values()].filter((conversation) => conversation.kind === kind);
  }

  get unread() {
    return [...this.all.values()].reduce((sum, conversation) => sum + conversation.unread, 0);
  }
}
