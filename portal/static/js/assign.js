// @ts-check
/** `assign/1`, double random: objects in drawn order, each given the least loaded eligible people. */
import { concat, fromHex, hex } from './bytes.js';
import { hasExactly } from './canonical.js';
import { byKey, distinct, matches, order, terminated, whole } from './draw.js';
import { must } from './errors.js';
import { label, sha256 } from './hash.js';

/** @typedef {import('./draw.js').Leaf} Leaf */
/** @typedef {import('./draw.js').Pool} Pool */

/**
 * `assign/1`: every object gets its people, the least loaded first, ties broken by a hash of the pair.
 * @param {Uint8Array} seed
 * @param {string} stage
 * @param {Leaf[]} objects
 * @param {Pool} inspectors
 * @param {any[]} slots `{n}` or `{n, a, v}`
 * @param {Set<string>} recused `object + inspector` in hex
 * @returns {Promise<[Leaf, Leaf[]][]>}
 */
export async function assign(seed, stage, objects, inspectors, slots, recused) {
  const matching = slotMatches(inspectors, slots);
  distinct(inspectors.map(([leaf]) => leaf));
  const load = new Map(inspectors.map(([leaf]) => [leaf, 0]));
  /** @type {[Leaf, Leaf[]][]} */
  const out = [];
  for (const object of await order(seed, `${stage}/objects`, objects)) {
    const prefix = concat(label('OTD1', 'pair'), seed, terminated(stage), fromHex(object));
    /** @type {Leaf[]} */
    const team = [];
    for (const [s, who] of matching.entries()) {
      for (let place = 0; place < slots[s].n; place++) {
        const free = who.filter((leaf) => !team.includes(leaf) && !recused.has(object + leaf));
        must(free.length > 0, 'infeasible', 'an object has too few eligible people');
        const chosen = await leastLoaded(prefix, free, load);
        team.push(chosen);
        load.set(chosen, Number(load.get(chosen)) + 1);
      }
    }
    out.push([object, team]);
  }
  return out;
}

/**
 * @param {Uint8Array} prefix
 * @param {Leaf[]} free
 * @param {Map<Leaf, number>} load
 */
async function leastLoaded(prefix, free, load) {
  const least = free.reduce((low, leaf) => Math.min(low, Number(load.get(leaf))), Infinity);
  const tied = free.filter((leaf) => load.get(leaf) === least);
  return byKey(await Promise.all(tied.map(async (leaf) => [hex(await sha256(prefix, fromHex(leaf))), leaf])))[0];
}

/**
 * Who may fill each slot.
 * @param {Pool} inspectors
 * @param {any[]} slots
 * @returns {Leaf[][]}
 */
export function slotMatches(inspectors, slots) {
  must(slots.length > 0, 'infeasible', 'there is no slot to fill');
  return slots.map((slot) => {
    must(hasExactly(slot, ['n']) || hasExactly(slot, ['n', 'a', 'v']), 'infeasible', 'a slot is {n} or {n, a, v}');
    whole(slot.n, 1);
    return inspectors.filter(([, pub]) => slot.a == null || matches(pub, slot.a, slot.v)).map(([leaf]) => leaf);
  });
}

/**
 * Checks that every object will have enough eligible people, whatever the seed: the people of a slot must outnumber
 * those whom earlier slots could take from it.
 * @param {Leaf[]} objects
 * @param {Pool} inspectors
 * @param {any[]} slots
 * @param {Set<string>} recused
 */
export function requireNeverStuck(objects, inspectors, slots, recused) {
  const matching = slotMatches(inspectors, slots);
  for (const object of objects) {
    const free = matching.map((who) => who.filter((leaf) => !recused.has(object + leaf)));
    for (const [at, who] of free.entries()) {
      const here = new Set(who);
      const taken = free.slice(0, at).reduce(
        (sum, earlier, before) => sum + Math.min(slots[before].n, earlier.filter((leaf) => here.has(leaf)).length), 0,
      );
      must(who.length - taken >= slots[at].n, 'infeasible', 'an object could run out of eligible people');
    }
  }
}
