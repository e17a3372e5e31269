// @ts-check
/**
 * Public draws `OTD1`: the two primitives, the draws that sort lottery tickets, and the hashes of a draw's records, all
 * in exact integers. A leaf is written as lower-case hex in these modules, because hex text sorts and compares like the
 * bytes it stands for and may be the key of a Map.
 */
import { concat, fromHex, hex, toNumber, u16, u64, u8, utf8 } from './bytes.js';
import { jcs } from './canonical.js';
import { must } from './errors.js';
import { label, sha256 } from './hash.js';

/** @typedef {string} Leaf 64 hex digits */
/** @typedef {Record<string, any>} Pub what the rule may see of a candidate */
/** @typedef {[Leaf, Pub][]} Pool */

const ZERO = Uint8Array.of(0);

/** The stream of bytes that belongs to a seed and a label. */
export class Stream {
  #seed;
  #label;
  #block = 0;
  #rest = new Uint8Array(0);

  /**
   * @param {Uint8Array} seed
   * @param {string} name
   */
  constructor(seed, name) {
    this.#seed = seed;
    this.#label = terminated(name);
  }

  /**
   * The next n bytes.
   * @param {number} n
   * @returns {Promise<Uint8Array>}
   */
  async take(n) {
    while (this.#rest.length < n) {
      const next = await sha256(label('OTD1', 'stream'), this.#seed, this.#label, u64(this.#block++));
      this.#rest = concat(this.#rest, next);
    }
    const out = this.#rest.slice(0, n);
    this.#rest = this.#rest.slice(n);
    return out;
  }
}

/**
 * A uniform number in 0…n-1, by rejection.
 * @param {Stream} stream
 * @param {number} n
 * @returns {Promise<number>}
 */
export async function below(stream, n) {
  must(Number.isSafeInteger(n) && n >= 1, 'infeasible', 'there is no number below this bound');
  if (n === 1) return 0;
  const bits = (n - 1).toString(2).length;
  const size = Math.ceil(bits / 8);
  for (;;) {
    const bytes = await stream.take(size);
    bytes[0] &= 0xff >> (size * 8 - bits);
    const value = toNumber(bytes);
    if (value < n) return value;
  }
}

/**
 * A label with its closing zero byte; one that holds a zero byte itself could be read in two ways.
 * @param {string} text
 */
export function terminated(text) {
  must(!text.includes('\0'), 'json-profile', 'a stage or label must not contain a zero byte');
  return concat(utf8(text), ZERO);
}

/**
 * The leaves, none twice.
 * @param {Leaf[]} leaves
 */
export function distinct(leaves) {
  must(new Set(leaves).size === leaves.length, 'pool-duplicate');
  return leaves;
}

/**
 * The lottery number of a leaf, as hex.
 * @param {Uint8Array} seed
 * @param {string} stage
 * @param {Leaf} leaf
 * @param {number} [t]
 * @returns {Promise<string>}
 */
export async function ticket(seed, stage, leaf, t = 0) {
  return hex(await sha256(label('OTD1', 'ticket'), seed, terminated(stage), fromHex(leaf), u16(t)));
}

/**
 * `order/1`: all leaves by ascending ticket.
 * @param {Uint8Array} seed
 * @param {string} stage
 * @param {Leaf[]} leaves
 * @returns {Promise<Leaf[]>}
 */
export async function order(seed, stage, leaves) {
  return byKey(await Promise.all(distinct(leaves).map(async (leaf) => [await ticket(seed, stage, leaf), leaf])));
}

/**
 * `worder/1`: a leaf of weight w holds w tickets and counts with its lowest.
 * @param {Uint8Array} seed
 * @param {string} stage
 * @param {[Leaf, number][]} weighted
 * @returns {Promise<Leaf[]>}
 */
export async function worder(seed, stage, weighted) {
  for (const [, w] of weighted) checkWeight(w);
  distinct(weighted.map(([leaf]) => leaf));
  return byKey(
    await Promise.all(
      weighted.map(async ([leaf, w]) => {
        const tickets = await Promise.all(Array.from({ length: w }, (_, t) => ticket(seed, stage, leaf, t)));
        return [tickets.reduce((a, b) => (a < b ? a : b)), leaf];
      }),
    ),
  );
}

/** @param {unknown} w */
export function checkWeight(w) {
  must(Number.isInteger(w) && Number(w) >= 1 && Number(w) <= 1000, 'weight-range');
}

/**
 * Sorts pairs of key and leaf and returns the leaves.
 * @param {string[][]} pairs
 * @returns {Leaf[]}
 */
export function byKey(pairs) {
  const text = (/** @type {string[]} */ pair) => pair[0] + pair[1];
  return pairs.sort((a, b) => (text(a) < text(b) ? -1 : text(a) > text(b) ? 1 : 0)).map((pair) => pair[1]);
}

/**
 * `strata/1`: a share of every class, rounded up, at least `min` and never more than there are.
 * @param {Uint8Array} seed
 * @param {string} stage
 * @param {Map<string, Leaf[]>} classes
 * @param {Record<string, any>} rates class to `{num, den, min}`
 * @returns {Promise<Map<string, Leaf[]>>}
 */
export async function strata(seed, stage, classes, rates) {
  const out = new Map();
  for (const [name, leaves] of classes) {
    const count = share(own(rates, name), leaves.length);
    out.set(name, (await order(seed, `${stage}/class/${name}`, leaves)).slice(0, count));
  }
  return out;
}

/**
 * How many of a class of `members` are drawn.
 * @param {any} rate
 * @param {number} members
 */
export function share(rate, members) {
  const { num, den, min } = rate ?? {};
  must([num, den, min].every(Number.isSafeInteger) && num >= 0 && den >= 1 && min >= 0, 'infeasible', 'no such rate');
  const rounded = (BigInt(members) * BigInt(num) + BigInt(den) - 1n) / BigInt(den);
  const least = rounded > BigInt(min) ? rounded : BigInt(min);
  return least < BigInt(members) ? Number(least) : members;
}

/**
 * An object's own member; what every object inherits is no attribute.
 * @param {Record<string, any>} object
 * @param {string} name
 */
export const own = (object, name) => (Object.hasOwn(object, name) ? object[name] : undefined);

/**
 * True if attribute a of a candidate is v, or contains v when it is a list.
 * @param {Pub} pub
 * @param {string} a
 * @param {unknown} v
 */
export function matches(pub, a, v) {
  const value = own(pub, a);
  return value !== undefined && (value === v || (Array.isArray(value) && value.includes(v)));
}

/**
 * A whole number of at least `least`.
 * @param {unknown} value
 * @param {number} least
 * @returns {number}
 */
export function whole(value, least) {
  must(Number.isSafeInteger(value) && Number(value) >= least, 'infeasible', 'a whole number is expected');
  return Number(value);
}

/** @param {unknown} spec */
export const specHash = (spec) => sha256(label('OTD1', 'spec'), jcs(spec));

/**
 * The seed of a draw from what the parties revealed and the beacons said.
 * @param {Uint8Array} hash the spec hash
 * @param {Map<string, Uint8Array>} reveals 32 bytes by party
 * @param {Uint8Array[]} beacons
 * @returns {Promise<Uint8Array>}
 */
export async function seedOf(hash, reveals, beacons) {
  const parties = [...reveals.keys()].sort(compareText);
  const parts = [label('OTD1', 'seed'), hash, u16(parties.length)];
  for (const party of parties) {
    const r = reveals.get(party);
    must(r?.length === 32, 'commit-mismatch', 'a contribution has 32 bytes');
    parts.push(await sha256(utf8(party)), r);
  }
  parts.push(u16(beacons.length));
  for (const value of beacons) parts.push(await sha256(value));
  return sha256(...parts);
}

/**
 * Compares texts by their UTF-8 bytes.
 * @param {string} a
 * @param {string} b
 */
export function compareText(a, b) {
  const [x, y] = [hex(utf8(a)), hex(utf8(b))];
  return x < y ? -1 : x > y ? 1 : 0;
}

/**
 * A party's commitment to its random value.
 * @param {Uint8Array} hash the spec hash
 * @param {string} party
 * @param {Uint8Array} r
 */
export async function commitment(hash, party, r) {
  return sha256(label('OTD1', 'commit'), hash, await sha256(utf8(party)), r);
}

/**
 * The commitment to a share of the escrow.
 * @param {Uint8Array} hash the spec hash
 * @param {string} party
 * @param {number} i
 * @param {Uint8Array} value
 */
export async function escrowShareHash(hash, party, i, value) {
  return sha256(label('OTD1', 'escrow-share'), hash, await sha256(utf8(party)), u8(i), value);
}

/** @param {unknown} output */
export const outputHash = (output) => sha256(label('OTD1', 'output'), jcs(output));
