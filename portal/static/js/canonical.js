// @ts-check
/**
 * Canonical JSON: RFC 8785 (JCS) restricted to objects, arrays, strings, booleans, null and integers of at most 2^53-1.
 * One value has exactly one byte form, so a digest or a signature over bytes is one over the value.
 */
import { equal, fromUtf8, isWellFormed, utf8 } from './bytes.js';
import { Refusal, must } from './errors.js';

const MAX_DEPTH = 128;

/**
 * @param {unknown} value
 * @param {number} depth
 * @returns {string}
 */
function write(value, depth) {
  if (value === null || value === true || value === false) return String(value);
  if (typeof value === 'number') {
    must(Number.isSafeInteger(value) && !Object.is(value, -0), 'not-canonical', 'only integers up to 2^53-1');
    return String(value);
  }
  if (typeof value === 'string') {
    must(isWellFormed(value), 'not-canonical', 'lone surrogate');
    return JSON.stringify(value); // JSON.stringify escapes exactly what RFC 8785 section 3.2.2.2 asks for
  }
  must(depth < MAX_DEPTH, 'not-canonical', 'nested too deeply');
  if (Array.isArray(value)) return `[${Array.from(value, (item) => write(item, depth + 1)).join(',')}]`;
  must(typeof value === 'object' && isPlain(value), 'not-canonical', `a ${typeof value} has no canonical form`);
  const record = /** @type {Record<string, unknown>} */ (value);
  // Array.prototype.sort compares UTF-16 code units, which is the order RFC 8785 section 3.2.3 prescribes.
  const names = Object.keys(record).sort();
  const members = names.map((name) => `${write(name, depth + 1)}:${write(record[name], depth + 1)}`);
  return `{${members.join(',')}}`;
}

/** @param {object} value */
function isPlain(value) {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * Canonical bytes of a value.
 * @param {unknown} value
 * @returns {Uint8Array}
 * @throws {Refusal} `not-canonical` if the value lies outside the profile
 */
export function jcs(value) {
  return utf8(write(value, 0));
}

/**
 * Parses bytes and accepts them only if they are the canonical form of what they say. This alone refuses duplicate
 * names, white space, `-0`, exponents, a byte order mark and any other order of members.
 * @param {Uint8Array} data
 * @returns {any}
 * @throws {Refusal} `not-json` or `not-canonical`
 */
export function parse(data) {
  let value;
  try {
    value = JSON.parse(fromUtf8(data));
  } catch {
    throw new Refusal('not-json');
  }
  must(equal(jcs(value), data), 'not-canonical');
  return value;
}

/**
 * True if the value is an object whose members are exactly these names.
 * @param {any} value
 * @param {string[]} names
 * @returns {boolean}
 */
export function hasExactly(value, names) {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) &&
    Object.keys(value).sort().join('\n') === [...names].sort().join('\n')
  );
}
