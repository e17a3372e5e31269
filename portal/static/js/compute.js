// @ts-check
/**
 * From spec, pools and seed to the outcome of a draw: the parameters of each algorithm, what can be checked without a
 * seed, and the computation itself. The form of outputs is that of docs/spec/draw.md.
 */
import { assign, requireNeverStuck } from './assign.js';
import { b64u, fromB64u, fromHex, hex } from './bytes.js';
import { checkWeight, compareText, order, own, share, strata, worder } from './draw.js';
import { Refusal, must } from './errors.js';
import { Task, panel } from './panel.js';

/** @typedef {import('./draw.js').Leaf} Leaf */
/** @typedef {import('./draw.js').Pool} Pool */
/** @typedef {import('./transcript.js').Spec} Spec */

/**
 * What can be checked without a seed.
 * @param {Spec} spec
 * @param {Map<string, Pool>} pools
 */
export function requirePossible(spec, pools) {
  if (spec.algo === 'worder/1') for (const [, w] of weighted(spec, pools)) checkWeight(w);
  if (spec.algo === 'strata/1') {
    for (const [name, leaves] of classesOf(spec, pools)) share(own(ratesOf(spec), name), leaves.length);
  }
  if (spec.algo === 'order/1') seatsOf(spec, pools);
  if (spec.algo === 'assign/1') {
    const objects = (pools.get('objects') ?? []).map(([leaf]) => leaf);
    requireNeverStuck(objects, pools.get('inspectors') ?? [], rulesOf(spec, 'slots'), recusedOf(spec));
  }
}

/**
 * The outcome of a draw.
 * @param {Spec} spec
 * @param {Map<string, Pool>} pools
 * @param {Uint8Array} seed
 * @returns {Promise<any>}
 */
export async function compute(spec, pools, seed) {
  const { stage } = spec;
  const leaves = (pools.get('pool') ?? []).map(([leaf]) => leaf);
  if (spec.algo === 'order/1') {
    const seats = seatsOf(spec, pools);
    if (seats === null) return { order: texts(await order(seed, stage, leaves)) };
    const people = texts(await order(seed, `${stage}/people`, leaves));
    return { seats: seats.map((seat, at) => [seat, people[at]]) };
  }
  if (spec.algo === 'worder/1') return { order: texts(await worder(seed, stage, weighted(spec, pools))) };
  if (spec.algo === 'strata/1') {
    const drawn = await strata(seed, stage, classesOf(spec, pools), ratesOf(spec));
    return { classes: Object.fromEntries([...drawn].map(([name, members]) => [name, texts(members)])) };
  }
  if (spec.algo === 'panel/1') {
    const { attempt, groups } = await panel(seed, stage, taskOf(spec, pools), spec.params.max_attempts);
    return { attempt, groups: groups.map(texts) };
  }
  const objects = (pools.get('objects') ?? []).map(([leaf]) => leaf);
  const people = pools.get('inspectors') ?? [];
  const teams = await assign(seed, stage, objects, people, rulesOf(spec, 'slots'), recusedOf(spec));
  return { teams: teams.map(([object, team]) => [texts([object])[0], texts(team)]) };
}

/** @param {Leaf[]} leaves */
const texts = (leaves) => leaves.map((leaf) => b64u(fromHex(leaf)));

/** @param {Spec} spec @param {Map<string, Pool>} pools */
export function taskOf(spec, pools) {
  const { cap, max_attempts: limit } = spec.params;
  must(cap === null || (typeof cap === 'object' && !Array.isArray(cap)), 'json-profile', 'a cap is {a, max} or null');
  const [groups, rules] = [rulesOf(spec, 'groups'), rulesOf(spec, 'rules')];
  must(Number.isSafeInteger(limit) && limit >= 1 && limit <= 1_000_000, 'attempts');
  return new Task(pools.get('pool') ?? [], groups, rules, cap);
}

/** @param {Spec} spec @param {string} name @returns {any[]} */
function rulesOf(spec, name) {
  const rules = spec.params[name];
  const objects = Array.isArray(rules) && rules.every((rule) => typeof rule === 'object' && rule !== null);
  must(objects && !rules.some(Array.isArray), 'json-profile', `${name} is a list of objects`);
  return rules;
}

/** @param {Spec} spec */
function ratesOf(spec) {
  const { rates } = spec.params;
  must(typeof rates === 'object' && rates !== null && !Array.isArray(rates), 'json-profile', 'rates');
  return rates;
}

/** @param {Spec} spec @param {Map<string, Pool>} pools @returns {[Leaf, any][]} */
function weighted(spec, pools) {
  const { a } = spec.params;
  must(typeof a === 'string', 'json-profile', 'a names an attribute');
  return (pools.get('pool') ?? []).map(([leaf, pub]) => [leaf, own(pub, a)]);
}

/** @param {Spec} spec @param {Map<string, Pool>} pools */
function classesOf(spec, pools) {
  /** @type {Map<string, Leaf[]>} */
  const out = new Map();
  for (const [leaf, name] of weighted(spec, pools)) {
    must(typeof name === 'string' && !name.includes('\0'), 'infeasible', 'a candidate belongs to no class');
    out.set(name, [...(out.get(name) ?? []), leaf]);
  }
  return out;
}

/** @param {Spec} spec @param {Map<string, Pool>} pools @returns {string[] | null} */
function seatsOf(spec, pools) {
  const { seats } = spec.params;
  if (seats === null) return null;
  must(Array.isArray(seats) && seats.every((seat) => typeof seat === 'string'), 'json-profile', 'seats');
  const ascending = seats.every((seat, at) => at === 0 || compareText(seats[at - 1], seat) < 0);
  must(ascending && seats.length === pools.get('pool')?.length, 'infeasible', 'as many seats as people');
  return seats;
}

/** @param {Spec} spec */
function recusedOf(spec) {
  const pairs = spec.params.recused;
  const listed = Array.isArray(pairs) && pairs.every((pair) => Array.isArray(pair) && pair.length === 2);
  must(listed, 'json-profile', 'recused is a list of pairs of leaves');
  return new Set(pairs.map(([object, leaf]) => hex(hash32(object)) + hex(hash32(leaf))));
}

/**
 * Whatever a reader refuses here is a fault of the form.
 * @template T
 * @param {() => T} read
 * @returns {T}
 */
export function profile(read) {
  try {
    return read();
  } catch (error) {
    throw new Refusal('json-profile', error instanceof Error ? error.message : '');
  }
}

/** 32 bytes of a member of the transcript. @param {unknown} value @returns {Uint8Array} */
export const hash32 = (value) => profile(() => fromB64u(value, 32));
