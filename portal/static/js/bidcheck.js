// @ts-check
/** Checks on the bidder's own machine before anything is sealed: the price form and the chosen files. */
import { readDirectory } from './zip.js';

/** @typedef {{name: string, label: string, value: string, required: boolean, whole: boolean}} Field */

const MONEY = /^(?:0|[1-9][0-9]{0,12})(?:\.[0-9]{1,2})?$/;
const PDF = [0x25, 0x50, 0x44, 0x46, 0x2d];
const ZIP = [0x50, 0x4b, 0x03, 0x04];
const MAX_TEXT = 2000;
const CONTROLS = /[\x00-\x08\x0b-\x1f]|\p{Cs}/u;
const SEALED = [0x89, 0x53, 0x42, 0x45, 0x31];
const TAIL = 4096;
const MAX_NAME_BYTES = 240;
const MAX_MEMBERS = 10_000;
/** So often does plain office text compress; zeros compress a thousandfold. */
const MAX_RATIO = 200;
const TOO_LARGE = '请重新打包：压缩文件解开后过大，评标时无法打开。';
const UNFIT = /[\x00-\x1f\x7f<>:"|?*\u202a-\u202e\u2066-\u2069\ufeff]/;
/** @type {Record<string, number[]>} the first bytes by extension */
const STARTS = { pdf: PDF, xlsx: ZIP, docx: ZIP, zip: ZIP };

/**
 * A price as the form states it, "1234567.80", or null. Commas and spaces between digits are a reader's help.
 * @param {string} text
 * @returns {string | null}
 */
export function money(text) {
  const plain = text.trim().replace(/[,，\s]/g, '');
  if (!MONEY.test(plain)) return null;
  const [yuan, fen = ''] = plain.split('.');
  return `${yuan}.${fen.padEnd(2, '0')}`;
}

/** @param {string} price as `money` writes it */
export const fenOf = (price) => BigInt(price.replace('.', ''));

/**
 * Reads the form. Field `price` is money; fields of whole numbers become numbers; the rest is text.
 * @param {Field[]} fields
 * @param {bigint | null} cap in fen
 * @param {{missing?: string, cap?: string}} [law] the articles that decide, in brackets, as the page tells them
 * @returns {{values: Record<string, string | number>, errors: Map<string, string>}}
 */
export function readForm(fields, cap, law = {}) {
  /** @type {Record<string, string | number>} */
  const values = {};
  const errors = new Map();
  for (const { name, label, value, required, whole } of fields) {
    const text = value.trim();
    if (text === '') {
      if (required) errors.set(name, `填写${label}${law.missing ?? ''}`);
    } else if (text.length > MAX_TEXT) {
      errors.set(name, `缩短${label}：最多 ${MAX_TEXT} 字`);
    } else if (CONTROLS.test(text)) {
      errors.set(name, `删去${label}中的控制字符`);
    } else if (name === 'price') {
      const price = money(text);
      if (price === null || fenOf(price) === 0n) errors.set(name, '填写大于零的金额，最多两位小数');
      else if (cap !== null && fenOf(price) > cap) {
        errors.set(name, `填写不超过最高投标限价的金额：超过的投标将被否决${law.cap ?? ''}`);
      }
      else values[name] = price;
    } else if (whole) {
      if (/^[1-9][0-9]{0,8}$/.test(text)) values[name] = Number(text);
      else errors.set(name, `填写整数：${label}`);
    } else values[name] = text;
  }
  return { values, errors };
}

/**
 * @param {File} file
 * @param {number} from
 * @param {number} to
 */
const bytesOf = async (file, from, to) => new Uint8Array(await file.slice(from, to).arrayBuffer());

/**
 * What speaks against a file, each in a sentence; the same findings as `bidding/attachments.py` has.
 * @param {File} file
 * @param {number} maxBytes
 * @param {string} bidderName must not stand in the file's name
 * @returns {Promise<string[]>}
 */
export async function fileProblems(file, maxBytes, bidderName) {
  const found = nameProblems(file.name, bidderName);
  try {
    const kind = await contentProblem(file, maxBytes);
    if (kind !== '') found.push(kind);
  } catch {
    found.push('请重新选择：文件无法读取，可能已被移动、改名或修改。');
  }
  return found;
}

/** @param {string} name @param {string} bidderName */
function nameProblems(name, bidderName) {
  const found = [];
  const long = new TextEncoder().encode(name).length > MAX_NAME_BYTES;
  if (UNFIT.test(name) || name !== name.trim() || ['', '.', '..'].includes(name) || long) {
    found.push('请给文件改名：文件名含有控制字符或不能使用的符号，或者过长。');
  }
  if (bidderName !== '' && name.includes(bidderName)) found.push('请给文件改名：文件名不要包含单位名称。');
  return found;
}

/** @param {File} file @param {number} maxBytes @returns {Promise<string>} */
async function contentProblem(file, maxBytes) {
  const dot = file.name.lastIndexOf('.');
  const start = dot > 0 ? STARTS[file.name.slice(dot + 1).toLowerCase()] : undefined;
  if (!start) return '请选择 PDF、XLSX、DOCX 或 ZIP 文件：这个文件的类型不在其中。';
  if (file.size === 0) return '请重新选择：这是空文件。';
  if (file.size > maxBytes) return `请压缩或拆分：文件超过 ${Math.floor(maxBytes / 2 ** 20)} MiB 的上限。`;
  const head = await bytesOf(file, 0, 16);
  const begins = (/** @type {number[]} */ wanted) => wanted.every((byte, at) => head[at] === byte);
  if (begins(SEALED)) return '请选择原始文件：这已经是密封信封，不能再密封一次。';
  if (!begins(start)) return '请检查文件：内容与扩展名不符。';
  return start === PDF ? pdfProblem(file) : archiveProblem(file, 4 * maxBytes);
}

/**
 * A PDF ends with its mark; one that is protected names an encryption dictionary in its trailer.
 * @param {File} file
 */
async function pdfProblem(file) {
  const tail = new TextDecoder('latin1').decode(await bytesOf(file, Math.max(0, file.size - TAIL), file.size));
  if (!tail.includes('%%EOF')) return '请重新导出或复制：PDF 文件不完整，没有结尾。';
  const trailer = tail.lastIndexOf('trailer');
  const locked = trailer >= 0 && /\/Encrypt\b/.test(tail.slice(trailer));
  return locked ? '请去除口令后再选择：PDF 设有打开口令，评标时无法阅读。' : '';
}

/**
 * Judges an archive by its directory; nothing is unpacked.
 * @param {File} file
 * @param {number} mostUnpacked
 */
async function archiveProblem(file, mostUnpacked) {
  const { members, broken, count } = await readDirectory(file);
  if (broken) return '请重新打包：压缩文件已损坏或不完整。';
  if (count > MAX_MEMBERS) return TOO_LARGE;
  if (members.every(({ name }) => name.endsWith('/'))) return '请重新打包：压缩文件里没有文件。';
  const unpacked = members.reduce((sum, member) => sum + member.unpacked, 0);
  const packed = members.reduce((sum, member) => sum + member.packed, 0);
  if (unpacked > mostUnpacked || unpacked > MAX_RATIO * Math.max(packed, 2 ** 20)) return TOO_LARGE;
  if (members.some(({ locked }) => locked)) return '请去除口令后重新打包：压缩文件设有口令，评标时无法打开。';
  if (members.some(({ name }) => escapes(name))) return '请重新打包：压缩文件里有指向文件夹之外的路径。';
  return '';
}

/** @param {string} path */
function escapes(path) {
  return /^[/\\]/.test(path) || /^.:/s.test(path) || path.split(/[/\\]/).includes('..');
}
