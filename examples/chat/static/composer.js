// The line at the bottom: writing, saying that one is writing, and choosing pictures.

import { $ } from "./elements.js";

const TYPING_EVERY = 2000; // milliseconds between two notices that somebody is still typing

export class Composer {
  // `sendText(text)` returns a promise; `sendFile(file)` and `reportTyping(typing)` do not matter.
  constructor({ sendText, sendFile, reportTyping }) {
    this.text = $("text");
    this.reported = 0;
    this.reportTyping = reportTyping;
    this.sendText = sendText;
    $("composer").addEventListener("submit", (event) => this.#submit(event));
    this.text.addEventListener("input", () => this.#changed());
    this.text.addEventListener("blur", () => this.#stopTyping());
    this.text.addEventListener("keydown", (event) => {
      // `isComposing`: Enter that ends an input method's word must not send.
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) this.#submit(event);
    });
    this.#takeFiles(sendFile);
  }

  // Adapts the line to a conversation, and puts back what was being written there.
  show(conversation) {
    this.#stopTyping();
    $("composer").hidden = !conversation;
    if (!conversation) return;
    const secret = conversation.kind === "private";
    $("composer").classList.toggle("private", secret);
    $("attach").hidden = secret;
    this.text.placeholder = secret ? `Private message to ${conversation.name}` : `Message to #${conversation.name}`;
    this.text.value = conversation.draft;
    this.#resize();
    if (matchMedia("(hover: hover)").matches) this.text.focus(); // no keyboard pops up on a phone
  }

  async #submit(event) {
    event.preventDefault();
    const text = this.text.value;
    if (!text.trim()) return;
    this.text.value = "";
    this.#changed();
    // What could not be sent comes back, unless something else was written meanwhile.
    if (!(await this.sendText(text)) && !this.text.value) this.text.value = text;
    this.#resize();
  }

  #changed() {
    this.#resize();
    if (!this.text.value.trim()) return this.#stopTyping();
    if (Date.now() - this.reported < TYPING_EVERY) return;
    this.reported = Date.now();
    this.reportTyping(true);
  }

  #stopTyping() {
    if (this.reported) this.reportTyping(false);
    this.reported = 0;
  }

  #resize() {
    this.text.style.height = "auto";
    this.text.style.height = `${Math.min(this.text.scrollHeight, 160)}px`;
    $("send").disabled = !this.text.value.trim();
  }

  #takeFiles(sendFile) {
    const take = (files) => {
      const picture = [...files].find((file) => file.type.startsWith("image/"));
      if (picture) sendFile(picture);
      return Boolean(picture);
    };
    $("file").addEventListener("change", (event) => {
      take(event.target.files);
      event.target.value = "";
    });
    this.text.addEventListener("paste", (event) => take(event.clipboardData.files) && event.preventDefault());
    const talk = document.querySelector(".talk");
    talk.addEventListener("dragover", (event) => event.preventDefault());
    talk.addEventListener("drop", (event) => {
      event.preventDefault();
      take(event.dataTransfer.files);
    });
  }
}
