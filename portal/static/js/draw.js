// @ts-check
/**
 * Public draws `OTD1`: two primitives and five algorithms in exact integers. A leaf is written as lower-case hex here,
 * because hex text sorts and compares like the bytes it stands for and may be the key of a Map.
 */
import { concat, fromHex, hex, toNumber, u16, u64, utf8 } from './bytes.js';
import { jcs } from './canonical.js';
import { must } from './errors.js';
import { label, sha256 } from './hash.js';

/** @typedef {string} Leaf 64 hex digits */
/** @typedef {Record<string, any>} Pub what the rule may see of a candidate */
/** @typedef {[Leaf, Pub][]} Pool */
/** @typedef {{a: string, v: string, n: number}} Group choose n whose attribute a has the value v */
/** @typedef {{a: string, v: string, min: number, max: number}} Rule */
/** @typedef {{a: string, max: number} | null} Cap */
/** @typedef {{n: number, a?: string, v?: string}} Slot */

const ZERO = Uint8Array.of(0);
const MAX_ATTEMPTS = 1_000_000;

/** The stream of bytes that belongs to a seed and a label. */
export class Stream {
  #seed;
  #label;
  #block = 0;
  #rest = new Uint8Array(0);

  /**
   * @param {Uint8Array} seed
   * @param {Uint8Array} name
   */
  constructor(seed, name) {
    this.#seed = seed;
    this.#label = name;
  }

  /**
   * The next n bytes.
   * @param {number} n
   * @returns {Promise<Uint8Array>}
   */
  async take(n) {
    while (this.#rest.length < n) {
      const next = await sha256(label('OTD1', 'stream'), this.#seed, this.#label, ZERO, u64(this.#block++));
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
  must(Number.isSafeInteger(n) && n >= 1, 'range');
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
 * The lottery number of a leaf, as hex.
 * @param {Uint8Array} seed
 * @param {string} stage
 * @param {Leaf} leaf
 * @param {number} [t]
 * @returns {Promise<string>}
 */
export async function ticket(seed, stage, leaf, t = 0) {
  return hex(await sha256(label('OTD1', 'ticket'), seed, utf8(stage), ZERO, fromHex(leaf), u16(t)));
}

/**
 * `order/1`: all leaves by ascending ticket.
 * @param {Uint8Array} seed
 * @param {string} stage
 * @param {Leaf[]} leaves
 * @returns {Promise<Leaf[]>}
 */
export async function order(seed, stage, leaves) {
  return byKey(await Promise.all(leaves.map(async (leaf) => [await ticket(seed, stage, leaf), leaf])));
}

/**
 * `worder/1`: a leaf of weight w holds w tickets and counts with its lowest.
 * @param {Uint8Array} seed
 * @param {string} stage
 * @param {[Leaf, number][]} weighted
 * @returns {Promise<Leaf[]>}
 */
export async function worder(seed, stage, weighted) {
  for (const [, w] of weighted) must(Number.isInteger(w) && w >= 1 && w <= 1000, 'weight-range');
  return byKey(
    await Promise.all(
      weighted.map(async ([leaf, w]) => {
        const tickets = await Promise.all(Array.from({ length: w }, (_, t) => ticket(seed, stage, leaf, t)));
        return [tickets.reduce((a, b) => (a < b ? a : b)), leaf];
      }),
    ),
  );
}

/**
 * Sorts pairs of key and leaf and returns the leaves.
 * @param {string[][]} pairs
 * @returns {Leaf[]}
 */
function byKey(pairs) {
  const text = (/** @type {string[]} */ pair) => pair[0] + pair[1];
  return pairs.sort((a, b) => (text(a) < text(b) ? -1 : text(a) > text(b) ? 1 : 0)).map((pair) => pair[1]);
}

/**
 * `strata/1`: a share of every class, rounded up, at least `min` and never more than there are.
 * @param {Uint8Array} seed
 * @param {string} stage
 * @param {Record<string, Leaf[]>} classes
 * @param {Record<string, {num: number, den: number, min: number}>} rates
 * @returns {Promise<Record<string, Leaf[]>>}
 */
export async function strata(seed, stage, classes, rates) {
  /** @type {Record<string, Leaf[]>} */
  const out = {};
  for (const [name, leaves] of Object.entries(classes)) {
    const { num, den, min } = rates[name];
    const share = Number((BigInt(leaves.length) * BigInt(num) + BigInt(den) - 1n) / BigInt(den));
    const count = Math.min(leaves.length, Math.max(min, share));
    out[name] = (await order(seed, `${stage}/class/${name}`, leaves)).slice(0, count);
  }
  return out;
}

/**
 * True if attribute a of a candidate is v, or contains v when it is a list.
 * @param {Pub} pub
 * @param {string} a
 * @param {string} v
 */
export function matches(pub, a, v) {
  const value = Object.hasOwn(pub, a) ? pub[a] : undefined;
  return Array.isArray(value) ? value.includes(v) : value === v;
}

/**
 * The values a cap counts for one candidate.
 * @param {Pub} pub
 * @param {string} a
 * @returns {string[]}
 */
function capValues(pub, a) {
  const value = Object.hasOwn(pub, a) ? pub[a] : undefined;
  return value === undefined || value === null ? [] : Array.isArray(value) ? [...new Set(value)] : [value];
}

/**
 * True if these members keep the cap and every rule. With `partial` the lower bounds are not asked for.
 * @param {Pub[]} members
 * @param {Rule[]} rules
 * @param {Cap} cap
 */
export function admissible(members, rules, cap) {
  for (const { a, v, min, max } of rules) {
    const count = members.filter((pub) => matches(pub, a, v)).length;
    if (count < min || count > max) return false;
  }
  if (!cap) return true;
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const pub of members) {
    for (const value of capValues(pub, cap.a)) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return [...counts.values()].every((count) => count <= cap.max);
}

/**
 * Candidates of a group, by ascending leaf.
 * @param {Pool} pool
 * @param {Group} group
 * @returns {Leaf[]}
 */
function eligible(pool, group) {
  return pool.filter(([, pub]) => matches(pub, group.a, group.v)).map(([leaf]) => leaf).sort();
}

/**
 * The first n of a Fisher–Yates shuffle, remembering only the places that moved.
 * @param {Stream} stream
 * @param {Leaf[]} items
 * @param {number} n
 * @returns {Promise<Leaf[]>}
 */
async function sample(stream, items, n) {
  /** @type {Map<number, Leaf>} */
  const moved = new Map();
  const at = (/** @type {number} */ i) => moved.get(i) ?? items[i];
  const out = [];
  for (let i = 0; i < n; i++) {
    const j = i + (await below(stream, items.length - i));
    out.push(at(j));
    moved.set(j, at(i));
  }
  return out;
}

/**
 * `panel/1`: the first attempt whose members are distinct and keep all rules; uniform over all admissible panels.
 * @param {Uint8Array} seed
 * @param {string} stage
 * @param {Pool} candidates
 * @param {Group[]} groups
 * @param {Rule[]} rules
 * @param {Cap} cap
 * @param {number} maxAttempts
 * @returns {Promise<{attempt: number, groups: Leaf[][]}>}
 */
export async function panel(seed, stage, candidates, groups, rules, cap, maxAttempts) {
  must(Number.isInteger(maxAttempts) && maxAttempts >= 1 && maxAttempts <= MAX_ATTEMPTS, 'attempts');
  const pubs = new Map(candidates);
  const pools = groups.map((group) => eligible(candidates, group));
  groups.forEach((group, g) => must(pools[g].length >= group.n, 'infeasible'));
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const stream = new Stream(seed, utf8(`panel/${stage}/${attempt}`));
    const drawn = [];
    for (const [g, group] of groups.entries()) drawn.push(await sample(stream, pools[g], group.n));
    const members = drawn.flat();
    if (new Set(members).size !== members.length) continue;
    if (admissible(members.map((leaf) => pubs.get(leaf) ?? {}), rules, cap)) return { attempt, groups: drawn };
  }
  must(false, 'attempts');
}

/**
 * The replacement of one member: the first of the reserve order who keeps all rules.
 * @param {Uint8Array} seed
 * @param {string} stage
 * @param {Pool} candidates
 * @param {Group[]} groups
 * @param {Rule[]} rules
 * @param {Cap} cap
 * @param {Leaf[][]} present the panel as it stands, by group
 * @param {number} g the group in which a place became free
 * @param {Leaf} out who leaves
 * @param {Set<Leaf>} barred who may not be called any more
 * @returns {Promise<Leaf | null>} null if the reserve is empty
 */
export async function replacement(seed, stage, candidates, groups, rules, cap, present, g, out, barred) {
  const pubs = new Map(candidates);
  const stay = present.flat().filter((leaf) => leaf !== out);
  for (const leaf of await order(seed, `${stage}/reserve/${g}`, eligible(candidates, groups[g]))) {
    if (leaf === out || stay.includes(leaf) || barred.has(leaf)) continue;
    if (admissible([...stay, leaf].map((member) => pubs.get(member) ?? {}), rules, cap)) return leaf;
  }
  return null;
}

/**
 * `assign/1`: every object gets its people, the least loaded first, ties broken by a hash of the pair.
 * @param {Uint8Array} seed
 * @param {string} stage
 * @param {Leaf[]} objects
 * @param {Pool} inspectors
 * @param {Slot[]} slots
 * @param {Set<string>} recused `object + inspector` in hex
 * @returns {Promise<[Leaf, Leaf[]][]>}
 */
export async function assign(seed, stage, objects, inspectors, slots, recused) {
  const load = new Map(inspectors.map(([leaf]) => [leaf, 0]));
  /** @type {[Leaf, Leaf[]][]} */
  const out = [];
  for (const object of await order(seed, `${stage}/objects`, objects)) {
    /** @type {Leaf[]} */
    const team = [];
    for (const slot of slots) {
      for (let place = 0; place < slot.n; place++) {
        const best = await pick(seed, stage, object, inspectors, slot, recused, team, load);
        must(best, 'infeasible');
        team.push(best);
        load.set(best, (load.get(best) ?? 0) + 1);
      }
    }
    out.push([object, team]);
  }
  return out;
}

/**
 * @param {Uint8Array} seed
 * @param {string} stage
 * @param {Leaf} object
 * @param {Pool} inspectors
 * @param {Slot} slot
 * @param {Set<string>} recused
 * @param {Leaf[]} team
 * @param {Map<Leaf, number>} load
 * @returns {Promise<Leaf | undefined>}
 */
async function pick(seed, stage, object, inspectors, slot, recused, team, load) {
  const free = inspectors.filter(
    ([leaf, pub]) =>
      !team.includes(leaf) && !recused.has(object + leaf) &&
      (slot.a === undefined || matches(pub, slot.a, /** @type {string} */ (slot.v))),
  );
  const least = Math.min(...free.map(([leaf]) => load.get(leaf) ?? 0));
  const tied = free.map(([leaf]) => leaf).filter((leaf) => load.get(leaf) === least);
  const prefix = concat(label('OTD1', 'pair'), seed, utf8(stage), ZERO, fromHex(object));
  return byKey(await Promise.all(tied.map(async (leaf) => [hex(await sha256(prefix, fromHex(leaf))), leaf])))[0];
}

/** @param {unknown} spec */
export const specHash = (spec) => sha256(label('OTD1', 'spec'), jcs(spec));

/**
 * The seed of a draw from what the parties revealed and the beacons said.
 * @param {unknown} spec
 * @param {Map<string, Uint8Array>} reveals 32 bytes by party
 * @param {Uint8Array[]} beacons
 * @returns {Promise<Uint8Array>}
 */
export async function seedOf(spec, reveals, beacons) {
  const parties = [...reveals].map(([party, r]) => ({ name: utf8(party), r }));
  parties.sort((a, b) => compareBytes(a.name, b.name));
  const parts = [label('OTD1', 'seed'), await specHash(spec), u16(parties.length)];
  for (const { name, r } of parties) {
    must(r.length === 32, 'commit-mismatch');
    parts.push(await sha256(name), r);
  }
  parts.push(u16(beacons.length));
  for (const value of beacons) parts.push(await sha256(value));
  return sha256(...parts);
}

/**
 * @param {Uint8Array} a
 * @param {Uint8Array} b
 */
function compareBytes(a, b) {
  const [x, y] = [hex(a), hex(b)];
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
