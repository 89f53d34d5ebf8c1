import {DataError} from "../errors.js";
import {makeArray} from "./decoded.js";

/** Where the first block, STREAMINFO, says sampling rate and channels. */
const RATE_BYTE = 18;

/** Sound of a FLAC file, decoded by the browser: (time,), or (time, channels). */
export async function decodeFlac(buffer) {
  const view = new DataView(buffer);
  if (view.byteLength < 42 || view.getUint32(0) !== 0x664c6143) {
    throw new DataError("expected a FLAC file, but found a file of another kind.");
  }
  const rate = view.getUint32(RATE_BYTE) >>> 12;
  const channels = ((view.getUint8(RATE_BYTE + 2) >> 1) & 7) + 1;
  const sound = await decodeSound(buffer, channels, rate);
  const values = new Float32Array(sound.length * channels);
  for (let channel = 0; channel < channels; channel++) {
    const own = sound.getChannelData(channel);
    for (let frame = 0; frame < own.length; frame++) values[frame * channels + channel] = own[frame];
  }
  return makeArray("audio", values, channels === 1 ? [sound.length] : [sound.length, channels], "f4", rate);
}

async function decodeSound(buffer, channels, rate) {
  try {
    // A context of the file's own rate: in another one the browser would resample.
    return await new OfflineAudioContext(channels, 1, rate).decodeAudioData(buffer.slice(0));
  } catch (error) {
    throw new DataError(`this browser cannot decode the sound, take WAV: ${error.message}`);
  }
}
