// @ts-check
/** As much DER (X.690) as a protected private key needs: reading and writing nested tag-length-value elements. */
import { concat, equal } from './bytes.js';
import { must } from './errors.js';

export const INTEGER = 0x02;
export const OCTETS = 0x04;
export const NULL = 0x05;
export const OID = 0x06;
export const SEQUENCE = 0x30;

/** @typedef {{tag: number, body: Uint8Array}} Element */

/**
 * Writes one element around the joined parts.
 * @param {number} tag
 * @param {...Uint8Array} parts
 * @returns {Uint8Array}
 */
export function der(tag, ...parts) {
  const body = concat(...parts);
  must(body.length < 0x10000, 'der', 'too long');
  const { length } = body;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return concat(Uint8Array.of(tag, ...size), body);
}

/**
 * Writes a positive integer.
 * @param {number} value
 */
export function derInteger(value) {
  const digits = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256);
  if (digits.length === 0 || digits[0] > 0x7f) digits.unshift(0);
  return der(INTEGER, Uint8Array.from(digits));
}

/**
 * The elements that make up these bytes, exactly.
 * @param {Uint8Array} data
 * @returns {Element[]}
 */
export function readAll(data) {
  const out = [];
  let at = 0;
  while (at < data.length) {
    const [tag, first] = data.subarray(at, at + 2);
    at += 2;
    let length = first;
    if (first >= 0x80) {
      must(first === 0x81 || first === 0x82, 'der', 'length');
      const count = first - 0x80;
      length = data.subarray(at, at + count).reduce((sum, byte) => sum * 256 + byte, 0);
      at += count;
    }
    must(first !== undefined && at + length <= data.length, 'der', 'truncated');
    const body = data.slice(at, at + length);
    at += length;
    out.push({ tag, body });
  }
  must(equal(concat(...out.map(({ tag, body }) => der(tag, body))), data), 'der', 'not in canonical form');
  return out;
}

/**
 * The children of an element, whose tags must be these.
 * @param {Element} element
 * @param {...number} tags
 * @returns {Element[]}
 */
export function children(element, ...tags) {
  must(element.tag === SEQUENCE, 'der', 'a sequence is expected');
  const found = readAll(element.body);
  must(found.length === tags.length && found.every(({ tag }, i) => tag === tags[i]), 'der', 'another shape');
  return found;
}
