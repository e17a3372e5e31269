// @ts-check
/** Hashes of suite `intl-1`: SHA-256, HMAC, HKDF (RFC 5869) and Merkle trees (RFC 6962 / 9162), all on WebCrypto. */
import { concat, utf8 } from './bytes.js';
import { must } from './errors.js';

const ZERO = Uint8Array.of(0);
const ONE = Uint8Array.of(1);

/** How many hashes this page has computed; the verification page tells it to its reader. */
export const tally = { hashes: 0 };

/**
 * SHA-256 over the parts joined together.
 * @param {...Uint8Array} parts
 * @returns {Promise<Uint8Array>}
 */
export async function sha256(...parts) {
  tally.hashes += 1;
  const data = parts.length === 1 ? parts[0] : concat(...parts);
  return new Uint8Array(await crypto.subtle.digest('SHA-256', data));
}

/**
 * The label that starts every hash input: ASCII text and one zero byte. Labels keep hashes of different kinds apart.
 * @param {'SBE1' | 'OTD1' | 'OTL1'} protocol
 * @param {string} name
 * @returns {Uint8Array}
 */
export function label(protocol, name) {
  return utf8(`${protocol}/${name}\0`);
}

/**
 * HMAC-SHA-256. An empty key equals 32 zero bytes (RFC 2104 pads with zeros), which WebCrypto wants spelled out.
 * @param {Uint8Array} key
 * @param {...Uint8Array} parts
 * @returns {Promise<Uint8Array>}
 */
export async function hmac(key, ...parts) {
  const raw = key.length === 0 ? new Uint8Array(32) : key;
  const handle = await crypto.subtle.importKey('raw', raw, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  return new Uint8Array(await crypto.subtle.sign('HMAC', handle, concat(...parts)));
}

/**
 * HKDF-Extract.
 * @param {Uint8Array} salt
 * @param {Uint8Array} ikm
 */
export const hkdfExtract = (salt, ikm) => hmac(salt, ikm);

/**
 * HKDF-Expand.
 * @param {Uint8Array} prk
 * @param {Uint8Array} info
 * @param {number} length
 * @returns {Promise<Uint8Array>}
 */
export async function hkdfExpand(prk, info, length) {
  must(length > 0 && length <= 255 * 32, 'range', 'HKDF length');
  const blocks = [];
  let last = new Uint8Array(0);
  for (let i = 1; blocks.length * 32 < length; i++) {
    last = await hmac(prk, last, info, Uint8Array.of(i));
    blocks.push(last);
  }
  return concat(...blocks).slice(0, length);
}

/**
 * HKDF with both steps.
 * @param {Uint8Array} ikm
 * @param {Uint8Array} salt
 * @param {Uint8Array} info
 * @param {number} length
 */
export async function hkdf(ikm, salt, info, length) {
  return hkdfExpand(await hkdfExtract(salt, ikm), info, length);
}

/** @param {Uint8Array} data */
export const leafHash = (data) => sha256(ZERO, data);

/**
 * @param {Uint8Array} left
 * @param {Uint8Array} right
 */
export const nodeHash = (left, right) => sha256(ONE, left, right);

/**
 * Root of a Merkle tree over leaf hashes. Pairing neighbours level by level, with a lone last node carried up, gives
 * the same tree as the recursive definition of RFC 6962 section 2.1.
 * @param {Uint8Array[]} leaves leaf hashes, not leaf data
 * @returns {Promise<Uint8Array>}
 */
export async function mth(leaves) {
  if (leaves.length === 0) return sha256(new Uint8Array(0));
  let level = leaves;
  while (level.length > 1) {
    /** @type {Promise<Uint8Array>[]} */
    const next = [];
    for (let i = 0; i + 1 < level.length; i += 2) next.push(nodeHash(level[i], level[i + 1]));
    const hashed = await Promise.all(next);
    if (level.length % 2 === 1) hashed.push(level[level.length - 1]);
    level = hashed;
  }
  return level[0];
}
