// @ts-check
/**
 * Whether a part of a bid that must not tell whose it is does: names in properties, comments, signatures, text. Runs on
 * the bidder's machine before sealing. The offline tool has the same in `bidding/blindness.py`; docs/spec/blind.md.
 */
import { inflate, readPdf } from './pdftraces.js';

const MOST_FILE = 64 << 20;
const MOST_MEMBER = 32 << 20;
const MOST_ALL = 256 << 20;
const MOST_DEPTH = 2;

/** @type {Record<string, string>} what is said to the bidder, with what to do */
export const WORDS = {
  'identity-name': '文件名中有{what}：请给文件改名。',
  'identity-properties': '文件属性中有{what}：请在“文件—信息—属性”中删除后重新导出。',
  'identity-text': '正文中有{what}：请改为不含投标人信息的表述。',
  'pdf-info': 'PDF 的文档属性写有作者或单位：请在导出前清空“作者”“单位”等属性。',
  'pdf-xmp': 'PDF 的元数据（XMP）写有作者或单位：请清除元数据后重新导出。',
  'pdf-embedded': 'PDF 内嵌有附件：请删除附件。',
  'pdf-annotation': 'PDF 有批注，批注会显示作者：请删除全部批注。',
  'pdf-form': 'PDF 有可填写的表单：请“打印”为普通 PDF。',
  'pdf-signature': 'PDF 有电子签名或签章，签名会显示签名人：请使用未签名的版本。',
  'office-core': '文档属性写有作者或最后修改者：请用“检查文档—删除文档属性和个人信息”清除。',
  'office-app': '文档属性写有单位或经理：请用“检查文档—删除文档属性和个人信息”清除。',
  'office-custom': '文档有自定义属性：请删除。',
  'office-comments': '文档有批注，批注会显示作者：请删除全部批注。',
  'office-revisions': '文档有修订记录，修订会显示作者：请接受或拒绝全部修订。',
  'office-embedded': '文档嵌有其他文件：请删除或改为图片以外的正文。',
  'office-signature': '文档有数字签名：请删除签名。',
  'image-exif': '图片带有拍摄信息（EXIF），可能写有作者和地点：请清除后重新插入。',
  unread: '文件有一部分无法检查（过大、已加密或者编码特殊）：请自行确认其中没有投标人信息。',
};
/** What every check leaves open; told with every result. */
export const LIMITS = '图片和扫描页里的文字、印章、水印无法检查，请自行确认。';
/** @type {Record<string, string>} kinds of identity */
export const KINDS = {
  name: '单位名称',
  short: '单位简称',
  uscc: '统一社会信用代码',
  person: '法定代表人姓名',
  phone: '联系电话',
  address: '单位地址',
};

/** @typedef {{where: string, code: string, what: string}} Trace `where` is the member of an archive */

/** @param {Trace} trace */
export function wordsOf({ where, code, what }) {
  const said = WORDS[code].replace('{what}', KINDS[what] ?? '');
  return where === '' ? said : `${where}：${said}`;
}

/** As texts are compared: one width, no blanks, small letters. @param {string} text */
export const plain = (text) => text.normalize('NFKC').replace(/\s+/gu, '').toLowerCase();

/**
 * @param {string} name the file's own name
 * @param {Blob} file
 * @param {Record<string, string>} identity kinds of `KINDS`: what this bidder is called there
 * @returns {Promise<Trace[]>} sorted, each once
 */
export async function findTraces(name, file, identity) {
  const needles = Object.entries(identity).map(([kind, text]) => /** @type {[string, string]} */ ([kind, plain(text)]))
    .filter(([, needle]) => [...needle].length >= 2);
  /** @type {Map<string, Trace>} */
  const found = new Map();
  const add = (/** @type {string} */ where, /** @type {string} */ code, what = '') => {
    found.set(`${where}\0${code}\0${what}`, { where, code, what });
  };
  const look = new Look(needles, add);
  const data = file.size > MOST_FILE ? null : new Uint8Array(await file.arrayBuffer());
  await look.file(name, data, '', 0);
  return [...found.entries()].sort(([one], [other]) => byCodePoint(one, other)).map(([, trace]) => trace);
}

/** @param {string} one @param {string} other */
function byCodePoint(one, other) {
  const [left, right] = [[...one], [...other]];
  for (let at = 0; at < Math.min(left.length, right.length); at += 1) {
    if (left[at] !== right[at]) return (left[at].codePointAt(0) ?? 0) - (right[at].codePointAt(0) ?? 0);
  }
  return left.length - right.length;
}

class Look {
  /**
   * @param {[string, string][]} needles
   * @param {(where: string, code: string, what?: string) => void} add
   */
  constructor(needles, add) {
    this.needles = needles;
    this.add = add;
  }

  /** @param {string} code @param {string} text @param {string} where */
  named(code, text, where) {
    const said = plain(text);
    for (const [kind, needle] of this.needles) if (said.includes(needle)) this.add(where, code, kind);
  }

  /** @param {string} name @param {Uint8Array<ArrayBuffer> | null} data null: too large @param {string} where @param {number} depth */
  async file(name, data, where, depth) {
    this.named('identity-name', name, where);
    const ending = name.slice(name.lastIndexOf('.') + 1).toLowerCase();
    if (data === null) this.add(where, 'unread');
    else if (begins(data, '%PDF-')) await this.pdf(data, where);
    else if (begins(data, 'PK\x03\x04')) await this.archive(data, where, depth, ['docx', 'xlsx'].includes(ending));
    else if (hasExif(data)) this.add(where, 'image-exif');
  }

  /** @param {Uint8Array} data @param {string} where */
  async pdf(data, where) {
    const { codes, properties, texts } = await readPdf(data);
    for (const code of codes) this.add(where, code);
    this.named('identity-properties', properties.join('\n'), where);
    for (const text of texts) this.named('identity-text', text, where);
  }

  /** @param {Uint8Array<ArrayBuffer>} data @param {string} where @param {number} depth @param {boolean} office */
  async archive(data, where, depth, office) {
    let left = MOST_ALL;
    for (const { name, method, packed, readable } of membersOf(data)) {
      if (!readable || left <= 0) {
        this.add(where, 'unread');
        continue;
      }
      const content = method === 0 ? packed : await inflate(packed, 'deflate-raw', MOST_MEMBER);
      left -= content.length;
      if (office) this.part(name, content, where);
      else if (depth < MOST_DEPTH) {
        const inner = where === '' ? name : `${where}/${name}`;
        await this.file(name.slice(name.lastIndexOf('/') + 1), content, inner, depth + 1);
      } else this.add(where, 'unread');
    }
  }

  /** A part of an office document. @param {string} name @param {Uint8Array} content @param {string} where */
  part(name, content, where) {
    if (name.includes('/embeddings/')) this.add(where, 'office-embedded');
    if (name.startsWith('_xmlsignatures/') && name.endsWith('.xml')) this.add(where, 'office-signature');
    if (hasExif(content)) this.add(where, 'image-exif');
    if (!/\.(?:xml|rels)$/.test(name)) return;
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(content);
    const inProperties = name.startsWith('docProps/');
    if (name === 'docProps/core.xml' && /<(?:dc:creator|cp:lastModifiedBy)\b[^>]*>\s*[^<\s]/.test(text)) this.add(where, 'office-core');
    if (name === 'docProps/app.xml' && /<(?:Company|Manager)\b[^>]*>\s*[^<\s]/.test(text)) this.add(where, 'office-app');
    if (name === 'docProps/custom.xml' && /<property\b/.test(text)) this.add(where, 'office-custom');
    if (/<w:comment\b|<author\b[^>]*>\s*[^<\s]|<person\b/.test(text) && /comments|persons/.test(name)) this.add(where, 'office-comments');
    if (/<w:(?:ins|del|moveFrom|moveTo|rPrChange|pPrChange)\b[^>]*\bw:author="[^"]/.test(text)) this.add(where, 'office-revisions');
    this.named(inProperties ? 'identity-properties' : 'identity-text', unescaped(text.replace(/<[^>]*>/g, '')), where);
    if (!inProperties) {
      const attributes = [...text.matchAll(/(?:author|initials|displayName)="([^"]*)"/g)].map(([, value]) => value).join(' ');
      this.named('identity-properties', unescaped(attributes), where);
    }
  }
}

/** @param {Uint8Array} data @param {string} start */
const begins = (data, start) => [...start].every((sign, at) => data[at] === sign.charCodeAt(0));

/** @param {Uint8Array} data */
function hasExif(data) {
  return begins(data, '\xff\xd8\xff') && new TextDecoder('latin1').decode(data.subarray(0, 65536)).includes('Exif\0\0');
}

/** @type {Record<string, string>} */
const ENTITIES = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** @param {string} text of XML */
function unescaped(text) {
  return text.replace(/&(?:#x([0-9a-fA-F]{1,6})|#([0-9]{1,7})|(amp|lt|gt|quot|apos));/g, (whole, hex, number, name) => {
    if (name) return ENTITIES[name];
    const code = hex ? parseInt(hex, 16) : Number(number);
    return code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code < 0xe000) ? String.fromCodePoint(code) : whole;
  });
}

/** The members of an archive by its directory. @param {Uint8Array<ArrayBuffer>} data */
function* membersOf(data) {
  const nothing = new Uint8Array(0);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const is = (/** @type {number} */ at, /** @type {string} */ mark) => [...mark].every((sign, step) => data[at + step] === sign.charCodeAt(0));
  let end = data.length - 22;
  while (end >= 0 && !is(end, 'PK\x05\x06')) end -= 1;
  if (end < 0) {
    yield { name: '', method: 0, packed: nothing, readable: false };
    return;
  }
  for (let at = view.getUint32(end + 16, true); at + 46 <= data.length && is(at, 'PK\x01\x02'); ) {
    const [flags, method, ...lengths] = [8, 10, 28, 30, 32].map((offset) => view.getUint16(at + offset, true));
    const [packed, unpacked, local] = [20, 24, 42].map((offset) => view.getUint32(at + offset, true));
    const name = new TextDecoder('utf-8', { ignoreBOM: true }).decode(data.subarray(at + 46, at + 46 + lengths[0]));
    at += 46 + lengths[0] + lengths[1] + lengths[2];
    if (name.endsWith('/')) continue;
    const readable = !(flags & 1) && [0, 8].includes(method) && unpacked <= MOST_MEMBER && local + 30 <= data.length;
    const start = readable ? local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true) : 0;
    yield { name, method, packed: readable ? data.slice(start, start + packed) : nothing, readable };
  }
}
