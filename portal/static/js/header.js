// @ts-check
/** The head of an `SBE1` envelope: its fields, their checks in the order of the contract, and what is derived of it. */
import { concat, equal, fromB64u, toNumber, u32, u8, utf8 } from './bytes.js';
import { hasExactly, jcs, parse } from './canonical.js';
import { Refusal, must } from './errors.js';
import { hkdf, label, sha256 } from './hash.js';

export const MAGIC = Uint8Array.of(0x89, 0x53, 0x42, 0x45, 0x31, 0x0d, 0x0a, 0x1a);
export const CHUNK_FORM = 16384;
export const CHUNK_FILE = 1048576;
export const TAG = 16;
const MAX_HEADER = 65536;
const SUITES = ['intl-1']; // the allow-list of this reader; there is no negotiation
const POLICIES = ['bidder', 'trustees', 'either', 'both'];
const CORE = ['v', 'suite', 'policy', 'tender', 'lot', 'slot', 'bidder', 'ks', 'chunk', 'nonce', 'kc'];
/** Lengths of `enc` and `ct` per wrap algorithm; null stands for one RSA block of 2048 to 8192 bits. */
const WRAPS = new Map([
  ['hpke-p256', { enc: 65, ct: 48 }],
  ['rsa-oaep-256', { enc: 0, ct: null }],
]);

/**
 * Where envelope bytes are read from: a Blob in the browser, an array in tests.
 * @typedef {{size: number, read: (from: number, to: number) => Promise<Uint8Array>}} Source
 */
/** @typedef {{a: string, kid: string, enc: string, ct: string, i?: number, sc?: string}} Stanza */
/**
 * @typedef {object} Core
 * @property {number} v
 * @property {string} suite
 * @property {'bidder' | 'trustees' | 'either' | 'both'} policy
 * @property {string} tender
 * @property {string} lot
 * @property {string} slot
 * @property {string} bidder
 * @property {string} ks
 * @property {number} chunk
 * @property {string} nonce
 * @property {string} kc
 */
/** @typedef {{core: Core, sbc?: string, bk?: Stanza[], k?: number, tk?: Stanza[]}} Header */
/** @typedef {{header: Header, head: Uint8Array}} Parsed the header and the first 12+L bytes it came from */

/**
 * Reads from a Blob or File. A file that was moved or edited after choosing gets its own code.
 * @param {Blob} blob
 * @returns {Source}
 */
export function blobSource(blob) {
  return {
    size: blob.size,
    async read(from, to) {
      try {
        return new Uint8Array(await blob.slice(from, to).arrayBuffer());
      } catch {
        throw new Refusal('file-unreadable', 'the file was moved, renamed or changed');
      }
    },
  };
}

/**
 * Reads from memory.
 * @param {Uint8Array} data
 * @returns {Source}
 */
export function bytesSource(data) {
  return { size: data.length, read: async (from, to) => data.slice(from, to) };
}

/** @param {Header} header */ export const hasBidder = (header) => header.core.policy !== 'trustees';
/** @param {Header} header */ export const hasTrustees = (header) => header.core.policy !== 'bidder';

/**
 * Reads and checks the head of an envelope.
 * @param {Source} source
 * @returns {Promise<Parsed>}
 * @throws {Refusal} `magic`, `truncated`, `header-length`, `header-json`, `header-not-canonical`, `version`,
 *   `chunk-size`, `header-fields` or `threshold`, checked in this order
 */
export async function parseHeader(source) {
  const start = await source.read(0, 12);
  must(equal(start.slice(0, 8), MAGIC), 'magic');
  must(start.length === 12, 'truncated');
  const length = toNumber(start.slice(8));
  must(length >= 2 && length <= MAX_HEADER, 'header-length');
  const body = await source.read(12, 12 + length);
  must(body.length === length, 'truncated');
  let header;
  try {
    header = parse(body);
  } catch (error) {
    const code = error instanceof Refusal ? error.code : 'not-json';
    throw new Refusal(code === 'not-json' ? 'header-json' : 'header-not-canonical');
  }
  checkHeader(header);
  return { header, head: concat(start, body) };
}

/**
 * Checks the members of a header, from the version to the threshold.
 * @param {any} header
 */
export function checkHeader(header) {
  const core = header?.core;
  must(isObject(header) && isObject(core), 'header-fields', 'core');
  must(core.v === 1 && SUITES.includes(core.suite) && POLICIES.includes(core.policy), 'version');
  must(core.chunk === CHUNK_FORM || core.chunk === CHUNK_FILE, 'chunk-size');
  must(hasExactly(core, CORE), 'header-fields', 'core');
  for (const name of ['tender', 'lot', 'slot', 'bidder']) must(isText(core[name]), 'header-fields', name);
  for (const name of ['ks', 'nonce', 'kc']) must(isBytes(core[name], 32), 'header-fields', name);
  const members = ['core'];
  if (hasBidder(header)) members.push('sbc', 'bk');
  if (hasTrustees(header)) members.push('k', 'tk');
  must(hasExactly(header, members), 'header-fields', 'header');
  if (hasBidder(header)) {
    must(isBytes(header.sbc, 32), 'header-fields', 'sbc');
    must(Array.isArray(header.bk) && header.bk.length >= 1 && header.bk.length <= 8, 'header-fields', 'bk');
    for (const stanza of header.bk) checkStanza(stanza, ['a', 'kid', 'enc', 'ct']);
  }
  if (!hasTrustees(header)) return;
  must(Number.isInteger(header.k) && Array.isArray(header.tk), 'header-fields', 'tk');
  for (const stanza of header.tk) {
    checkStanza(stanza, ['a', 'i', 'kid', 'enc', 'ct', 'sc']);
    must(Number.isInteger(stanza.i) && isBytes(stanza.sc, 32), 'header-fields', 'tk');
  }
  const n = header.tk.length;
  must(n >= 2 && n <= 16 && header.k >= 2 && header.k <= n, 'threshold');
  must(header.tk.every((/** @type {Stanza} */ stanza, /** @type {number} */ at) => stanza.i === at + 1), 'threshold');
}

/**
 * @param {any} stanza
 * @param {string[]} members
 */
function checkStanza(stanza, members) {
  must(hasExactly(stanza, members), 'header-fields', 'stanza');
  const lengths = WRAPS.get(stanza.a);
  must(lengths && isBytes(stanza.kid, 16) && isBytes(stanza.enc, lengths.enc), 'header-fields', 'stanza');
  must(isBytes(stanza.ct, lengths.ct ?? undefined), 'header-fields', 'stanza');
  const size = fromB64u(stanza.ct).length;
  must(lengths.ct !== null || (size >= 256 && size <= 1024), 'header-fields', 'stanza');
}

/** @param {unknown} value */
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
/** @param {unknown} value */
const isText = (value) => typeof value === 'string' && value !== '';

/**
 * @param {unknown} value
 * @param {number} [size]
 */
function isBytes(value, size) {
  try {
    fromB64u(value, size);
    return true;
  } catch {
    return false;
  }
}

/**
 * The first 12+L bytes of an envelope with this header.
 * @param {Header} header
 * @returns {Uint8Array}
 */
export function encodeHead(header) {
  const body = jcs(header);
  must(body.length <= MAX_HEADER, 'header-length');
  return concat(MAGIC, u32(body.length), body);
}

/** @param {Core} core */
export const coreHash = (core) => sha256(label('SBE1', 'core'), jcs(core));

/**
 * The context of one wrap.
 * @param {Uint8Array} hash the core hash
 * @param {'bidder' | 'trustee'} role
 * @param {number} i stanza number from 0 for the bidder, share index from 1 for a trustee
 */
export const wrapContext = (hash, role, i) => sha256(label('SBE1', 'wrap'), hash, utf8(`${role}\0`), u8(i));

/**
 * @param {Uint8Array} hash the core hash
 * @param {Uint8Array} secret
 */
export const bidderCommitment = (hash, secret) => sha256(label('SBE1', 'bidder-secret'), hash, secret);

/**
 * @param {Uint8Array} hash the core hash
 * @param {number} i
 * @param {Uint8Array} share
 */
export const shareCommitment = (hash, i, share) => sha256(label('SBE1', 'share'), hash, u8(i), share);

/**
 * @param {Uint8Array} fk
 * @param {Uint8Array} nonce
 */
export const keyCommitment = (fk, nonce) => hkdf(fk, nonce, label('SBE1', 'key-commit'), 32);

/**
 * The file key of policy `both`.
 * @param {Uint8Array} bidderSecret
 * @param {Uint8Array} trusteeSecret
 * @param {Uint8Array} nonce
 */
export const bothKey = (bidderSecret, trusteeSecret, nonce) =>
  hkdf(concat(bidderSecret, trusteeSecret), nonce, label('SBE1', 'both'), 32);
