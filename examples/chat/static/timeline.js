// Draws the messages of the conversation that is shown.

import { $, avatar, dayName, element, timeOfDay } from "./elements.js";
import { addressOf, view } from "./pictures.js";

const GROUP_MINUTES = 5;
const LINK = /(https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]])/g;

export class Timeline {
  // `loadPicture(message)` resolves to the bytes of an earlier picture.
  constructor(loadPicture) {
    this.loadPicture = loadPicture;
    this.list = $("messages");
    this.scroll = $("scroll");
    this.myName = "";
    this.last = null;
    this.scroll.addEventListener("scroll", () => this.atEnd && ($("to-newest").hidden = true));
    $("to-newest").addEventListener("click", () => this.toEnd());
    // Whatever changes the height, a picture or the keyboard of a phone, the end stays in view.
    const observer = new ResizeObserver(() => this.sticky && this.toEnd());
    observer.observe(this.list);
    observer.observe(this.scroll);
    this.scroll.addEventListener("scroll", () => (this.sticky = this.atEnd));
    this.sticky = true;
  }

  get atEnd() {
    return this.scroll.scrollHeight - this.scroll.scrollTop - this.scroll.clientHeight < 60;
  }

  toEnd() {
    this.scroll.scrollTop = this.scroll.scrollHeight;
    this.sticky = true;
    $("to-newest").hidden = true;
  }

  // Draws a whole conversation, without reading all of it out.
  show(conversation) {
    this.list.ariaLive = "off";
    this.list.replaceChildren();
    this.last = null;
    for (const message of conversation?.messages ?? []) this.#draw(message);
    this.toEnd();
    requestAnimationFrame(() => (this.list.ariaLive = "polite"));
  }

  append(message) {
    const follow = this.sticky || message.author === this.myName;
    this.#draw(message);
    if (follow) this.toEnd();
    else if (message.author) $("to-newest").hidden = false;
  }

  #draw(message) {
    if (!this.last || dayName(this.last.time) !== dayName(message.time)) {
      this.list.append(element("li", { className: "day" }, element("span", {}, dayName(message.time))));
      this.last = null;
    }
    this.list.append(message.notice ? this.#notice(message) : this.#message(message));
    this.last = message;
  }

  #notice(message) {
    return element("li", { className: "notice" }, message.notice);
  }

  #message(message) {
    const own = message.author === this.myName;
    const item = element("li", { className: "message" });
    item.classList.toggle("own", own);
    item.classList.toggle("private", Boolean(message.to));
    item.classList.toggle("grouped", this.#continues(message));
    const content = message.media_type ? this.#picture(message) : this.#text(message.text);
    item.append(avatar(message.author), element("div", { className: "body" }, this.#byline(message, own), content));
    return item;
  }

  #continues(message) {
    const last = this.last;
    if (!last || last.notice) return false;
    return last.author === message.author && message.time - last.time < GROUP_MINUTES * 60_000;
  }

  #byline(message, own) {
    const author = element("span", { className: own ? "author sr-only" : "author" }, own ? "You" : message.author);
    const when = new Date(message.time);
    const time = element("time", { dateTime: when.toISOString(), title: when.toLocaleString() }, timeOfDay(message.time));
    const line = element("p", { className: "byline" }, author, time);
    if (message.to) line.append(element("span", { className: "tag" }, "private"));
    return line;
  }

  #text(text) {
    const bubble = element("div", { className: "bubble", dir: "auto" });
    for (const [place, part] of text.split(LINK).entries()) {
      if (place % 2 === 0) bubble.append(part);
      else bubble.append(element("a", { href: part, target: "_blank", rel: "noopener noreferrer" }, part));
    }
    return bubble;
  }

  #picture(message) {
    const description = `Picture from ${message.author}`;
    const image = element("img", { alt: description });
    const button = element("button", { type: "button", className: "picture loading", title: "Show in full size" }, image);
    image.addEventListener("load", () => button.classList.remove("loading"));
    button.addEventListener("click", () => image.src && view(image.src, description));
    this.#fill(message, image, button);
    return button;
  }

  async #fill(message, image, button) {
    try {
      message.image ??= await this.loadPicture(message);
      message.address ??= addressOf(message.image, message.media_type);
      image.src = message.address;
    } catch (error) {
      button.replaceWith(element("p", { className: "bubble gone" }, error.message));
    }
  }
}
