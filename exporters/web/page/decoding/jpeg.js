import {DataError} from "../errors.js";
import {makeArray} from "./decoded.js";

/** A JPEG, decoded by the browser and turned as its EXIF says: bytes (height, width), or (height, width, 3). */
export async function decodeJpeg(buffer) {
  const channels = countChannels(new DataView(buffer));
  if (channels !== 1 && channels !== 3) {
    throw new DataError("expected an image in grey or RGB, but found CMYK: convert it first.");
  }
  const {data, width, height} = await readPixels(new Blob([buffer], {type: "image/jpeg"}));
  const pixels = new Uint8Array(width * height * channels).map(
    (_, index) => data[4 * Math.floor(index / channels) + (index % channels)],
  );
  return makeArray("image", pixels, channels === 1 ? [height, width] : [height, width, 3], "u1");
}

async function readPixels(blob) {
  try {
    // Colours as they stand in the file: Pillow does not look at profiles either.
    const picture = await createImageBitmap(blob, {colorSpaceConversion: "none", premultiplyAlpha: "none"});
    const context = new OffscreenCanvas(picture.width, picture.height).getContext("2d", {willReadFrequently: true});
    context.drawImage(picture, 0, 0);
    return context.getImageData(0, 0, picture.width, picture.height);
  } catch (error) {
    throw new DataError(`expected a JPEG file, but the browser cannot decode it: ${error.message}`);
  }
}

/** What the frame's header says: 1 is grey, 3 are colours, 4 are CMYK. */
function countChannels(view) {
  if (view.byteLength < 4 || view.getUint16(0) !== 0xffd8) {
    throw new DataError("expected a JPEG file, but found a file of another kind.");
  }
  for (let at = 2; at + 10 <= view.byteLength; at += 2 + view.getUint16(at + 2)) {
    const marker = view.getUint8(at + 1);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return view.getUint8(at + 9);
  }
  throw new DataError("expected a JPEG file, but its header is damaged.");
}
