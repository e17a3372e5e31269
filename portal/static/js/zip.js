// @ts-check
/** The directory of a ZIP file, read from its end; nothing is unpacked (PKWARE APPNOTE 4.3.12 to 4.3.16). */

const MEMBER = 0x02014b50;
const END = 0x06054b50;
const END_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;
const MAX_VERSION = 63; // of the format, for opening a member
/** A directory beyond this is not read: ten thousand members with long names need less. */
const MAX_DIRECTORY = 16 << 20;

/** @typedef {{name: string, packed: number, unpacked: number, locked: boolean}} Member */
/** @typedef {{broken: boolean, count: number, members: Member[]}} Directory */

/** @type {Directory} */
const BROKEN = { broken: true, count: 0, members: [] };

/**
 * @param {Blob} file
 * @returns {Promise<Directory>} `broken` for what is no whole archive; `count` as the archive claims it
 */
export async function readDirectory(file) {
  const end = await findEnd(file);
  if (!end) return BROKEN;
  const { count, length, start } = end;
  if (start < 0 || length > MAX_DIRECTORY) return { broken: start < 0, count: Number.MAX_SAFE_INTEGER, members: [] };
  const view = await viewOf(file, start, start + length);
  if (view.byteLength !== length) return BROKEN;
  const members = [];
  for (let at = 0; at < length; ) {
    if (at + 46 > length || view.getUint32(at, true) !== MEMBER) return BROKEN;
    const [name, extra, comment] = [28, 30, 32].map((offset) => view.getUint16(at + offset, true));
    const next = at + 46 + name + extra + comment;
    if (next > length) return BROKEN;
    const found = member(view, at, name, extra);
    if (!found) return BROKEN;
    members.push(found);
    at = next;
  }
  return { broken: false, count: Math.max(count, members.length), members };
}

/**
 * @param {DataView} view
 * @param {number} at
 * @param {number} name length
 * @param {number} extra length
 * @returns {Member | null} null for a member that no reader would open
 */
function member(view, at, name, extra) {
  const flags = view.getUint16(at + 8, true);
  const bytes = new Uint8Array(view.buffer, view.byteOffset + at + 46, name);
  let [packed, unpacked] = [view.getUint32(at + 20, true), view.getUint32(at + 24, true)];
  const wide = findWide(view, at + 46 + name, extra);
  if (wide.length > 0 && unpacked === 0xffffffff) unpacked = wide.shift() ?? unpacked;
  if (wide.length > 0 && packed === 0xffffffff) packed = wide.shift() ?? packed;
  if ((view.getUint16(at + 6, true) & 0xff) > MAX_VERSION) return null;
  let text;
  try {
    text = new TextDecoder(flags & 0x800 ? 'utf-8' : 'latin1', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
  return { name: text.split('\0')[0], packed, unpacked, locked: (flags & 1) === 1 };
}

/** The sizes beyond 32 bits, from the extra field 1. @param {DataView} view @param {number} from @param {number} length */
function findWide(view, from, length) {
  for (let at = from; at + 4 <= from + length; ) {
    const size = view.getUint16(at + 2, true);
    if (view.getUint16(at, true) === 1 && at + 4 + size <= from + length) {
      return Array.from({ length: Math.floor(size / 8) }, (_, n) => Number(view.getBigUint64(at + 4 + n * 8, true)));
    }
    at += 4 + size;
  }
  return [];
}

/**
 * The record at the end of the file, behind which stands only its comment, and where the directory begins.
 * @param {Blob} file
 */
async function findEnd(file) {
  const from = Math.max(0, file.size - 22 - 0xffff);
  const view = await viewOf(file, from, file.size);
  for (let at = view.byteLength - 22; at >= 0; at--) {
    if (view.getUint32(at, true) !== END) continue;
    let [count, length] = [view.getUint16(at + 10, true), view.getUint32(at + 12, true)];
    let before = from + at;
    const locator = before >= 20 ? await viewOf(file, before - 20, before) : null;
    if (locator && locator.getUint32(0, true) === LOCATOR_64) {
      const wide = before >= 76 ? await viewOf(file, before - 76, before - 20) : null;
      if (!wide || wide.getUint32(0, true) !== END_64) return null;
      [count, length] = [Number(wide.getBigUint64(32, true)), Number(wide.getBigUint64(40, true))];
      before -= 76;
    }
    return { count, length, start: before - length };
  }
  return null;
}

/** @param {Blob} file @param {number} from @param {number} to */
const viewOf = async (file, from, to) => new DataView(await file.slice(from, to).arrayBuffer());
