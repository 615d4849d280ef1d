// Pictures: made small enough to be sent, and shown from the bytes that arrive.

const SENT_AS_THEY_ARE = ["image/png", "image/jpeg", "image/gif", "image/webp"];
const SIDES = [1600, 1200, 900, 640]; // the longest side in pixels, tried one after the other

// Returns the bytes of a file as an ArrayBuffer of at most `limit` bytes.
export async function prepare(file, limit) {
  if (SENT_AS_THEY_ARE.includes(file.type) && file.size <= limit) return file.arrayBuffer();
  const picture = await decode(file);
  try {
    for (const side of SIDES) {
      const blob = await shrink(picture, side);
      if (blob && blob.size <= limit) return blob.arrayBuffer();
    }
  } finally {
    picture.close();
  }
  throw new Error("That picture is too big, even when made smaller.");
}

async function decode(file) {
  try {
    return await createImageBitmap(file);
  } catch {
    throw new Error("That file is not a picture that this browser can read.");
  }
}

function shrink(picture, side) {
  const scale = Math.min(1, side / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff"; // JPEG has no transparency
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.85));
}

// Returns an address that an <img> can show.
export function addressOf(bytes, mediaType) {
  return URL.createObjectURL(new Blob([bytes], { type: mediaType }));
}

// The picture in full size, above the page.
export function view(address, description) {
  const image = document.getElementById("viewed");
  image.src = address;
  image.alt = description;
  document.getElementById("viewer").showModal();
}
