// @ts-check
/** Checks on the bidder's own machine before anything is sealed: the price form and the chosen files. */

/** @typedef {{name: string, label: string, value: string, required: boolean, whole: boolean}} Field */

const MONEY = /^(?:0|[1-9][0-9]{0,12})(?:\.[0-9]{1,2})?$/;
const PDF = [0x25, 0x50, 0x44, 0x46, 0x2d];
const ZIP = [0x50, 0x4b, 0x03, 0x04];
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
 * @returns {{values: Record<string, string | number>, errors: Map<string, string>}}
 */
export function readForm(fields, cap) {
  /** @type {Record<string, string | number>} */
  const values = {};
  const errors = new Map();
  for (const { name, label, value, required, whole } of fields) {
    const text = value.trim();
    if (text === '') {
      if (required) errors.set(name, `填写${label}`);
    } else if (name === 'price') {
      const price = money(text);
      if (price === null || fenOf(price) === 0n) errors.set(name, '填写大于零的金额，最多两位小数');
      else if (cap !== null && fenOf(price) > cap) errors.set(name, '填写不超过最高投标限价的金额');
      else values[name] = price;
    } else if (whole) {
      if (/^[1-9][0-9]{0,8}$/.test(text)) values[name] = Number(text);
      else errors.set(name, `填写整数：${label}`);
    } else values[name] = text;
  }
  return { values, errors };
}

/**
 * What speaks against a file, or an empty text.
 * @param {File} file
 * @param {number} maxBytes
 * @returns {Promise<string>}
 */
export async function fileProblem(file, maxBytes) {
  const start = STARTS[file.name.split('.').pop()?.toLowerCase() ?? ''];
  if (!start) return `请选择 PDF、XLSX 或 ZIP 文件：“${file.name}”的类型不在其中。`;
  if (file.size === 0) return `请重新选择：“${file.name}”是空文件。`;
  if (file.size > maxBytes) return `请压缩或拆分：“${file.name}”超过了单个文件的上限。`;
  try {
    const head = new Uint8Array(await file.slice(0, 8).arrayBuffer());
    if (!start.every((byte, at) => head[at] === byte)) return `请检查文件：“${file.name}”的内容与扩展名不符。`;
    if (start === PDF && (await isLocked(file))) return `请去除口令后再选择：“${file.name}”设有打开口令。`;
  } catch {
    return `请重新选择：“${file.name}”无法读取，可能已被移动、改名或修改。`;
  }
  return '';
}

/**
 * True if a PDF is protected: its trailer, at the end of the file, then names an encryption dictionary.
 * @param {File} file
 */
async function isLocked(file) {
  const tail = new TextDecoder('latin1').decode(await file.slice(Math.max(0, file.size - 4096)).arrayBuffer());
  const trailer = tail.lastIndexOf('trailer');
  return trailer >= 0 && /\/Encrypt\b/.test(tail.slice(trailer));
}
