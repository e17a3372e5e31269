// @ts-check
/** Bytes and their text forms. Everything here is total: bad input throws a Refusal and never yields a guess. */
import { Refusal, must } from './errors.js';

const encoder = new TextEncoder();
const B64U = /^[A-Za-z0-9_-]*$/;
const HEX = /^(?:[0-9a-f]{2})*$/;

/**
 * UTF-8 bytes of a well-formed string. A lone surrogate is refused, because the encoder would replace it silently.
 * @param {string} text
 * @returns {Uint8Array}
 */
export function utf8(text) {
  must(isWellFormed(text), 'text', 'lone surrogate');
  return encoder.encode(text);
}

/**
 * Text of UTF-8 bytes; invalid bytes are refused and a byte order mark is kept, not swallowed.
 * @param {Uint8Array} data
 * @returns {string}
 */
export function fromUtf8(data) {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data);
  } catch {
    throw new Refusal('text', 'not UTF-8');
  }
}

/**
 * True if the string holds no lone surrogate. Written out because String.prototype.isWellFormed is young.
 * @param {string} text
 */
export function isWellFormed(text) {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0xd800 || unit > 0xdfff) continue;
    const next = text.charCodeAt(i + 1);
    if (unit > 0xdbff || !(next >= 0xdc00 && next <= 0xdfff)) return false;
    i++;
  }
  return true;
}

/**
 * One array holding all parts in order.
 * @param {...Uint8Array} parts
 * @returns {Uint8Array}
 */
export function concat(...parts) {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/**
 * Big-endian unsigned integer in `size` bytes.
 * @param {number} value a safe integer that is not negative
 * @param {number} size
 * @returns {Uint8Array}
 */
function unsigned(value, size) {
  must(Number.isSafeInteger(value) && value >= 0, 'range', 'not an unsigned integer');
  const out = new Uint8Array(size);
  let rest = value;
  for (let i = size - 1; i >= 0; i--) {
    out[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  must(rest === 0, 'range', `does not fit in ${size} bytes`);
  return out;
}

/** @param {number} n */ export const u8 = (n) => unsigned(n, 1);
/** @param {number} n */ export const u16 = (n) => unsigned(n, 2);
/** @param {number} n */ export const u32 = (n) => unsigned(n, 4);
/** @param {number} n */ export const u64 = (n) => unsigned(n, 8);

/**
 * Reads a big-endian unsigned integer; values above 2^53-1 become Infinity, so that every comparison with a size fails.
 * @param {Uint8Array} data
 * @returns {number}
 */
export function toNumber(data) {
  let value = 0;
  for (const byte of data) value = value * 256 + byte;
  return Number.isSafeInteger(value) ? value : Infinity;
}

/**
 * Base64url without padding.
 * @param {Uint8Array} data
 * @returns {string}
 */
export function b64u(data) {
  let binary = '';
  for (let at = 0; at < data.length; at += 0x8000) {
    binary += String.fromCharCode(...data.subarray(at, at + 0x8000));
  }
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/**
 * Decodes canonical base64url: the right alphabet, no padding, no stray bits. `size` fixes the length when given.
 * @param {unknown} text
 * @param {number} [size]
 * @returns {Uint8Array}
 */
export function fromB64u(text, size) {
  must(typeof text === 'string' && B64U.test(text) && text.length % 4 !== 1, 'base64url');
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  const out = Uint8Array.from(binary, (c) => c.charCodeAt(0));
  must(b64u(out) === text, 'base64url', 'not canonical');
  must(size === undefined || out.length === size, 'base64url', 'wrong length');
  return out;
}

/**
 * Standard base64 with padding, as PEM, x5c and signed notes use it.
 * @param {Uint8Array} data
 * @returns {string}
 */
export function b64(data) {
  const text = b64u(data).replaceAll('-', '+').replaceAll('_', '/');
  return text + '='.repeat((4 - (text.length % 4)) % 4);
}

/**
 * Decodes canonical standard base64.
 * @param {unknown} text
 * @returns {Uint8Array}
 */
export function fromB64(text) {
  must(typeof text === 'string' && text.length % 4 === 0 && !/[-_]/.test(text), 'base64');
  let out;
  try {
    out = fromB64u(text.replace(/={0,2}$/, '').replaceAll('+', '-').replaceAll('/', '_'));
  } catch {
    throw new Refusal('base64');
  }
  must(b64(out) === text, 'base64', 'not canonical');
  return out;
}

/**
 * Lower-case hexadecimal text.
 * @param {Uint8Array} data
 * @returns {string}
 */
export function hex(data) {
  return Array.from(data, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * Decodes lower-case hexadecimal text.
 * @param {unknown} text
 * @returns {Uint8Array}
 */
export function fromHex(text) {
  must(typeof text === 'string' && HEX.test(text), 'hex');
  const out = new Uint8Array(text.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return out;
}

/**
 * Compares without leaving early, so that the time taken does not tell where two secrets differ.
 * @param {Uint8Array} a
 * @param {Uint8Array} b
 * @returns {boolean}
 */
export function equal(a, b) {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i] ^ b[i];
  return difference === 0;
}

/**
 * Bytes from the operating system's generator.
 * @param {number} size
 * @returns {Uint8Array}
 */
export function randomBytes(size) {
  return crypto.getRandomValues(new Uint8Array(size));
}
