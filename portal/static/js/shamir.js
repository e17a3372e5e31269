// @ts-check
/**
 * Shamir sharing of a 32-byte secret as two independent sharings of 16 bytes in GF(2^128), with the same indices.
 * The field is GF(2)[x] / (x^128 + x^7 + x^2 + x + 1); bytes are big-endian polynomials, x-coordinates are 1, 2, 3…
 * No check value may ever exist for one half alone; see docs/spec/sealing.md.
 *
 * BigInt arithmetic is not constant-time. The secrets here live on the reader's own machine for one computation.
 */
import { concat, fromHex, hex, randomBytes } from './bytes.js';
import { must } from './errors.js';

const POLYNOMIAL = (1n << 128n) | 0x87n;
const TOP = 1n << 128n;
const MAX_SHARES = 16;

/**
 * Product in the field, by shift and add.
 * @param {bigint} a
 * @param {bigint} b
 * @returns {bigint}
 */
function multiply(a, b) {
  let product = 0n;
  while (b > 0n) {
    if (b & 1n) product ^= a;
    a <<= 1n;
    if (a & TOP) a ^= POLYNOMIAL;
    b >>= 1n;
  }
  return product;
}

/**
 * Inverse in the field: a^(2^128 - 2), by squaring.
 * @param {bigint} a not zero
 * @returns {bigint}
 */
function inverse(a) {
  let result = 1n;
  let power = a;
  for (let bit = 1; bit < 128; bit++) {
    power = multiply(power, power);
    result = multiply(result, power);
  }
  return result;
}

/** @param {Uint8Array} data @returns {bigint} */
const toField = (data) => BigInt(`0x${hex(data)}`);
/** @param {bigint} value @returns {Uint8Array} */
const fromField = (value) => fromHex(value.toString(16).padStart(32, '0'));

/**
 * Shares of one 16-byte half: the values at 1…n of a random polynomial of degree k-1 whose constant term is the half.
 * @param {Uint8Array} half
 * @param {number} k
 * @param {number} n
 * @returns {Uint8Array[]}
 */
function splitHalf(half, k, n) {
  const coefficients = Array.from({ length: k - 1 }, () => toField(randomBytes(16)));
  coefficients.push(toField(half));
  return Array.from({ length: n }, (_, i) => {
    const x = BigInt(i + 1);
    return fromField(coefficients.reduce((sum, coefficient) => multiply(x, sum) ^ coefficient, 0n));
  });
}

/**
 * Lagrange interpolation at zero.
 * @param {[number, Uint8Array][]} points
 * @returns {Uint8Array}
 */
function combineHalf(points) {
  let secret = 0n;
  for (const [i, share] of points) {
    let numerator = 1n;
    let denominator = 1n;
    for (const [m] of points) {
      if (m === i) continue;
      numerator = multiply(numerator, BigInt(m));
      denominator = multiply(denominator, BigInt(i) ^ BigInt(m));
    }
    secret ^= multiply(toField(share), multiply(numerator, inverse(denominator)));
  }
  return fromField(secret);
}

/**
 * Splits 32 bytes into n shares, any k of which give them back.
 * @param {Uint8Array} secret
 * @param {number} k
 * @param {number} n
 * @returns {[number, Uint8Array][]} pairs of index (from 1) and 32-byte share
 * @throws {import('./errors.js').Refusal} `share-length` or `threshold`
 */
export function split32(secret, k, n) {
  must(secret instanceof Uint8Array && secret.length === 32, 'share-length');
  must(Number.isInteger(k) && Number.isInteger(n) && 2 <= k && k <= n && n <= MAX_SHARES, 'threshold');
  const high = splitHalf(secret.slice(0, 16), k, n);
  const low = splitHalf(secret.slice(16), k, n);
  return high.map((part, i) => [i + 1, concat(part, low[i])]);
}

/**
 * Puts a secret together from exactly k shares. All input is checked first: unchecked interpolation would return a
 * wrong value silently, and an index of zero would let its holder choose the result.
 * @param {[number, Uint8Array][]} shares
 * @param {number} k
 * @returns {Uint8Array}
 * @throws {import('./errors.js').Refusal} `threshold`, `share-index`, `share-length`, `share-duplicate`, `share-count`
 */
export function combine32(shares, k) {
  must(Number.isInteger(k) && 2 <= k && k <= MAX_SHARES, 'threshold');
  for (const [i, share] of shares) {
    must(Number.isInteger(i) && 1 <= i && i <= MAX_SHARES, 'share-index');
    must(share instanceof Uint8Array && share.length === 32, 'share-length');
  }
  must(new Set(shares.map(([i]) => i)).size === shares.length, 'share-duplicate');
  must(shares.length === k, 'share-count');
  return concat(
    combineHalf(shares.map(([i, share]) => [i, share.slice(0, 16)])),
    combineHalf(shares.map(([i, share]) => [i, share.slice(16)])),
  );
}
