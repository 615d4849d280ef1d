// Small things that several parts of the page draw. Text is only ever set as text, never as HTML.

export const $ = (id) => document.getElementById(id);

// Makes an element: element("p", { className: "x" }, "text", child, ...).
export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

export function avatar(name) {
  const made = element("span", { className: "avatar", ariaHidden: "true" });
  dress(made, name);
  return made;
}

// Gives an avatar its initials and its colour; a name has the same colour on every page.
export function dress(avatarElement, name) {
  avatarElement.textContent = initials(name);
  avatarElement.style.setProperty("--hue", hue(name));
}

function initials(name) {
  const words = name.split(/[\s._-]+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)].map((word) => [...word][0]) : [...name].slice(0, 2);
  return letters.join("").toUpperCase();
}

function hue(name) {
  let sum = 0;
  for (const letter of name.toLowerCase()) sum = (sum * 31 + letter.codePointAt(0)) % 360_000;
  // The golden angle puts the colours of similar names far from each other.
  return String(Math.round((sum * 137.508) % 360));
}

const clockFormat = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const timeFormat = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const dayFormat = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });

export const clockTime = (milliseconds) => clockFormat.format(milliseconds);
export const timeOfDay = (milliseconds) => timeFormat.format(milliseconds);

export function dayName(milliseconds) {
  const day = new Date(milliseconds).toDateString();
  if (day === new Date().toDateString()) return "Today";
  if (day === new Date(Date.now() - 86_400_000).toDateString()) return "Yesterday";
  return dayFormat.format(milliseconds);
}

// Shows a message for a while, above the conversation.
export function alertUser(text, kind = "problem") {
  const line = element("p", { className: `alert ${kind}` }, text);
  const close = element("button", { type: "button", className: "icon", ariaLabel: "Dismiss" }, "×");
  close.addEventListener("click", () => line.remove());
  line.append(close);
  $("alerts").replaceChildren(line);
  setTimeout(() => line.remove(), 8000);
}
