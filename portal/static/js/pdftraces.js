// @ts-check
/**
 * What a PDF tells about who made it: dictionaries, metadata, and the text that can be read out of it. No rendering, no
 * reading of pictures. The offline tool has the same in `bidding/pdf_traces.py`; docs/spec/blind.md says what it finds.
 */

const MOST_STREAM = 32 << 20;
const MOST_ALL = 256 << 20;
const MOST_MAPS = 64;
const PROGRAM = new Set(['Creator', 'Producer', 'CreationDate', 'ModDate', 'Trapped', 'Title', 'Subject', 'Keywords']);
const INFO = new Set(['Author', 'Creator', 'Producer', 'CreationDate', 'ModDate']);
const REFERRED = new Set([...INFO, 'Company', 'Title', 'Subject', 'Keywords', 'T', 'Contents']);
const MARKUP = new Set(['Text', 'FreeText', 'Line', 'Square', 'Circle', 'Polygon', 'PolyLine', 'Highlight', 'Underline',
  'Squiggly', 'StrikeOut', 'Stamp', 'Caret', 'Ink', 'Popup', 'FileAttachment']);
const TOKEN = /<<|>>|\/[^\x00\t\n\f\r ()<>[\]{}/%]*|\(|<[0-9A-Fa-f\s]*>|%[^\r\n]*|[^\x00\t\n\f\r ()<>[\]{}/%]+/g;
/** @type {Record<string, string>} */
const ESCAPES = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' };
const CREATOR = /<(dc:creator|pdfx:Company|xmp:Author|pdf:Author)\b[^>]*>(.*?)<\/\1>|(?:dc:creator|pdfx:Company)="([^"]+)"/gs;
const FLATE = /\/Filter\s*\[?\s*\/(?:FlateDecode|Fl)\b/;
const OTHER = /\/(?:ASCII85Decode|ASCIIHexDecode|LZWDecode|RunLengthDecode|Crypt)\b/;

/** @typedef {{codes: Set<string>, properties: string[], texts: string[]}} PdfTraces */
/** @typedef {[kind: string, value: string]} Token */

/** @param {Uint8Array} data @returns {string} a sign for each byte */
export function latin1(data) {
  const out = [];
  for (let at = 0; at < data.length; at += 32768) out.push(String.fromCharCode(...data.subarray(at, at + 32768)));
  return out.join('');
}

/** @param {string} text @returns {Uint8Array<ArrayBuffer>} */
const bytesOf = (text) => Uint8Array.from(text, (sign) => sign.charCodeAt(0));

/** @param {string} raw @param {string} label */
const decoded = (raw, label) => new TextDecoder(label, { ignoreBOM: true }).decode(bytesOf(raw));

/**
 * Unpacks up to a number of bytes; of what is broken, what came out before.
 * @param {Uint8Array<ArrayBuffer>} data
 * @param {'deflate' | 'deflate-raw'} format
 * @param {number} most
 */
export async function inflate(data, format, most) {
  const reader = new Blob([data]).stream().pipeThrough(new DecompressionStream(format)).getReader();
  /** @type {Uint8Array[]} */
  const pieces = [];
  let size = 0;
  try {
    while (size < most) {
      const { done, value } = await reader.read();
      if (done) break;
      pieces.push(value.subarray(0, most - size));
      size += Math.min(value.length, most - size);
    }
    await reader.cancel();
  } catch {
    // what came out before is what there is
  }
  const out = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

/** @param {Uint8Array} data @returns {Promise<PdfTraces>} */
export async function readPdf(data) {
  /** @type {PdfTraces} */
  const found = { codes: new Set(), properties: [], texts: [] };
  const raw = latin1(data);
  const stream = /(?<!end)stream\r?\n/g;
  const [bodies, contents, maps] = [/** @type {string[]} */ ([]), /** @type {string[]} */ ([]), /** @type {string[]} */ ([])];
  let left = MOST_ALL;
  let at = 0;
  for (;;) {
    stream.lastIndex = at;
    const start = stream.exec(raw);
    if (!start) break;
    const body = raw.slice(at, start.index);
    bodies.push(body);
    const from = stream.lastIndex;
    const mark = raw.indexOf('endstream', from);
    const end = mark < 0 ? raw.length : mark;
    const head = body.slice(body.lastIndexOf(' obj') + 1);
    at = Math.min(raw.length, end + 9);
    const packed = raw.slice(from, end);
    if (/\/Subtype\s*\/Image\b/.test(head)) {
      if (packed.slice(0, 65536).includes('Exif\0\0')) found.codes.add('image-exif');
      continue;
    }
    if (/\/Length1\b|\/Subtype\s*\/(?:Type1C|CIDFontType0C|OpenType)\b/.test(head)) continue;
    let text = packed;
    if (/\/Filter/.test(head)) {
      if (!FLATE.test(head) || OTHER.test(head)) {
        found.codes.add('unread');
        continue;
      }
      text = latin1(await inflate(bytesOf(packed), 'deflate', Math.min(MOST_STREAM, left)));
      left -= text.length;
      if (left <= 0) {
        found.codes.add('unread');
        break;
      }
    }
    if (/\/Type\s*\/ObjStm\b/.test(head)) bodies.push(text);
    else if (/\/Type\s*\/Metadata\b/.test(head) || text.includes('<x:xmpmeta')) readXmp(found, text);
    else if (text.includes('beginbfchar') || text.includes('beginbfrange')) maps.push(text);
    else if (/T[jJ]\b/.test(text)) contents.push(text);
  }
  bodies.push(raw.slice(at));
  const body = bodies.join('\n');
  for (const entries of dictionaries(body)) judge(found, entries, body);
  readTexts(found, contents, maps.slice(0, MOST_MAPS));
  return found;
}

/** @param {PdfTraces} found @param {string} packet */
function readXmp(found, packet) {
  const text = decoded(packet, 'utf-8');
  for (const [, , inside, attribute] of text.matchAll(CREATOR)) {
    if ((inside || attribute || '').replace(/<[^>]*>/g, '').trim()) found.codes.add('pdf-xmp');
  }
  const attributes = [...text.matchAll(/="([^"]*)"/g)].map(([, value]) => value).join(' ');
  found.properties.push(text.replace(/<[^>]*>/g, ' ') + attributes);
}

/** @param {string} body @returns {Generator<Map<string, Token>>} in the order in which they end */
export function* dictionaries(body) {
  /** @type {Token[][]} */
  const stack = [];
  for (const token of tokens(body)) {
    if (token[0] === '<<') stack.push([]);
    else if (token[0] === '>>') {
      const row = stack.pop();
      if (row) {
        yield entriesOf(row);
        stack.at(-1)?.push(['other', '<<>>']);
      }
    } else stack.at(-1)?.push(token);
  }
}

/** @param {Token[]} row */
function entriesOf(row) {
  /** @type {Map<string, Token>} */
  const found = new Map();
  for (let at = 0; at < row.length; ) {
    const [kind, key] = row[at];
    at += 1;
    if (kind !== 'name') continue;
    if (at + 2 < row.length && row[at + 2][0] === 'other' && row[at + 2][1] === 'R') {
      found.set(key, ['ref', row[at][1]]);
      at += 3;
    } else if (at < row.length) {
      found.set(key, row[at]);
      at += 1;
    }
  }
  return found;
}

/** Brackets, names, strings (a sign for each byte), other words. @param {string} body @returns {Generator<Token>} */
export function* tokens(body) {
  const pattern = new RegExp(TOKEN);
  for (let at = 0; ; ) {
    pattern.lastIndex = at;
    const match = pattern.exec(body);
    if (!match) return;
    at = pattern.lastIndex;
    const word = match[0];
    if (word === '<<' || word === '>>') yield [word, ''];
    else if (word === '(') {
      const [value, next] = literal(body, at);
      at = next;
      yield ['string', value];
    } else if (word[0] === '<') {
      const digits = word.slice(1, -1).replace(/\s/g, '');
      const even = digits.length % 2 ? `${digits}0` : digits;
      yield ['string', even.replace(/../g, (pair) => String.fromCharCode(parseInt(pair, 16)))];
    } else if (word[0] === '/') {
      yield ['name', word.slice(1).replace(/#([0-9A-Fa-f]{2})/g, (_, code) => String.fromCharCode(parseInt(code, 16)))];
    } else if (word[0] !== '%') yield ['other', word];
  }
}

/** @param {string} body @param {number} at @returns {[value: string, next: number]} */
function literal(body, at) {
  const out = [];
  for (let depth = 1; at < body.length; ) {
    const sign = body[at];
    at += 1;
    if (sign === '\\' && at < body.length) {
      const octal = /^[0-7]{1,3}/.exec(body.slice(at, at + 3));
      if (octal) {
        out.push(String.fromCharCode(parseInt(octal[0], 8) & 255));
        at += octal[0].length;
      } else {
        out.push(ESCAPES[body[at]] ?? ('\r\n'.includes(body[at]) ? '' : body[at]));
        at += 1;
      }
      continue;
    }
    depth += Number(sign === '(') - Number(sign === ')');
    if (depth === 0) break;
    out.push(sign);
  }
  return [out.join(''), at];
}

/** A text string: UTF-16 or UTF-8 with their marks, else Latin-1. @param {string} string */
export function textOf(string) {
  if (string.startsWith('\xfe\xff')) return decoded(string.slice(2), 'utf-16be');
  if (string.startsWith('\xef\xbb\xbf')) return decoded(string.slice(3), 'utf-8');
  return string;
}

/** @param {PdfTraces} found @param {Map<string, Token>} entries @param {string} body */
function judge(found, entries, body) {
  const name = (/** @type {string} */ key) => (entries.get(key)?.[0] === 'name' ? entries.get(key)?.[1] : undefined);
  const said = strings(entries, body).map(([key, value]) => [key, textOf(value)]);
  if (name('Type') === 'EmbeddedFile' || entries.has('EF')) found.codes.add('pdf-embedded');
  if (name('FT') === 'Sig' || name('Type') === 'Sig' || entries.has('ByteRange')) found.codes.add('pdf-signature');
  else if (name('FT') !== undefined) found.codes.add('pdf-form');
  if (MARKUP.has(name('Subtype') ?? '') && (entries.has('Rect') || name('Type') === 'Annot')) {
    found.codes.add('pdf-annotation');
  }
  const named = said.some(([key, value]) => !PROGRAM.has(key) && value.trim() !== '');
  if (named && !entries.has('Type') && said.some(([key]) => INFO.has(key))) found.codes.add('pdf-info');
  for (const [, value] of said) if (value.trim() !== '') found.properties.push(value);
}

/** @param {Map<string, Token>} entries @param {string} body @returns {[key: string, value: string][]} */
function strings(entries, body) {
  /** @type {[string, string][]} */
  const found = [];
  for (const [key, [kind, value]] of entries) {
    if (kind === 'string') found.push([key, value]);
    else if (kind === 'ref' && REFERRED.has(key) && /^\d+$/.test(value)) {
      const match = new RegExp(`(?<!\\d)${value}\\s+\\d+\\s+obj\\s*(?=[(<])`).exec(body);
      if (!match) continue;
      const from = match.index + match[0].length;
      const [first] = tokens(body.slice(from, from + 65536));
      if (first && first[0] === 'string') found.push([key, first[1]]);
    }
  }
  return found;
}

/** @param {PdfTraces} found @param {string[]} contents @param {string[]} maps */
function readTexts(found, contents, maps) {
  const shown = contents.flatMap((text) => [...tokens(text)].filter(([kind]) => kind === 'string').map(([, value]) => value)).join('');
  if (shown === '') return;
  found.texts.push(shown);
  for (const text of maps) {
    const [width, codes] = characterMap(text);
    const read = [];
    for (let at = 0; at < shown.length; at += width) read.push(codes.get(shown.slice(at, at + width)) ?? '');
    found.texts.push(read.join(''));
  }
}

/** @param {string} text of a `ToUnicode` map @returns {[width: number, codes: Map<string, string>]} */
export function characterMap(text) {
  /** @type {Map<string, string>} */
  const codes = new Map();
  const utf16 = (/** @type {string} */ string) => decoded(string, 'utf-16be');
  const code = (/** @type {number} */ number, /** @type {string} */ like) => {
    const width = Math.floor((like.length + 1) / 2);
    let out = '';
    for (let rest = number, at = 0; at < width; at += 1, rest = Math.floor(rest / 256)) out = String.fromCharCode(rest % 256) + out;
    return out;
  };
  for (const [, block] of text.matchAll(/beginbfchar(.*?)endbfchar/gs)) {
    const row = [...tokens(block)].filter(([kind]) => kind === 'string').map(([, value]) => value);
    for (let at = 0; at + 1 < row.length; at += 2) codes.set(row[at], utf16(row[at + 1]));
  }
  for (const [, block] of text.matchAll(/beginbfrange(.*?)endbfrange/gs)) {
    for (const [, low, high, meaning] of block.matchAll(/<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>/g)) {
      const [first, last, base] = [low, high, meaning].map((digits) => parseInt(digits, 16));
      for (let number = first; number <= Math.min(last, first + 65535); number += 1) {
        if (base + number - first <= 0xffff) codes.set(code(number, low), String.fromCharCode(base + number - first));
      }
    }
    for (const [, low, items] of block.matchAll(/<([0-9A-Fa-f]+)>\s*<[0-9A-Fa-f]+>\s*\[([^\]]*)\]/g)) {
      [...tokens(items)].forEach(([, meaning], step) => codes.set(code(parseInt(low, 16) + step, low), utf16(meaning)));
    }
  }
  return [Math.max(1, ...[...codes.keys()].map((key) => key.length).slice(0, 65536)), codes];
}
