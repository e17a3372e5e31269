// @ts-check
/**
 * `panel/1`: choose groups of members under rules, uniformly over all admissible panels, and replace a member. Attempts
 * are drawn until one is admissible; rejection keeps the choice uniform whatever the rules are.
 */
import { Stream, below, distinct, matches, order, own, whole } from './draw.js';
import { Refusal, must } from './errors.js';

/** @typedef {import('./draw.js').Leaf} Leaf */
/** @typedef {import('./draw.js').Pool} Pool */

const MAX_ATTEMPTS = 1_000_000;

/** A panel to be drawn: parameters checked, and who belongs to which group looked up beforehand. */
export class Task {
  /**
   * @param {Pool} candidates
   * @param {any[]} groups `{a, v, n}`
   * @param {any[]} rules `{a, v, min, max}` over the whole panel
   * @param {any} cap `{a, max}` or null
   * @throws {import('./errors.js').Refusal} `infeasible` for parameters that no panel can meet
   */
  constructor(candidates, groups, rules, cap) {
    this.pubs = new Map(candidates);
    this.leaves = distinct(candidates.map(([leaf]) => leaf)).sort();
    this.eligible = groups.map((group) => this.#matching(group));
    this.sizes = groups.map((group) => whole(group.n, 1));
    this.total = this.sizes.reduce((sum, n) => sum + n, 0);
    this.bounds = rules.map((rule) => {
      const { min = 0, max = this.total } = rule;
      return { min: whole(min, 0), max: whole(max, 0), who: new Set(this.#matching(rule)) };
    });
    this.cap = cap === null ? null : { a: text(cap.a), max: whole(cap.max, 1) };
    this.#requirePossible();
  }

  /** @param {any} rule @returns {Leaf[]} who has the attribute, by ascending leaf */
  #matching(rule) {
    const a = text(rule.a);
    return this.leaves.filter((leaf) => matches(this.pubs.get(leaf) ?? {}, a, rule.v ?? null));
  }

  #requirePossible() {
    const enough = this.sizes.every((n, g) => n <= this.eligible[g].length);
    must(this.sizes.length > 0 && this.total <= this.leaves.length && enough, 'infeasible', 'too few candidates');
    for (const { min, max, who } of this.bounds) {
      // A group whose candidates all fall under the rule adds its whole number to the rule's count.
      const bound = this.sizes.filter((_, g) => this.eligible[g].every((leaf) => who.has(leaf)));
      const inside = bound.reduce((sum, n) => sum + n, 0);
      must(min <= max && min <= Math.min(this.total, who.size) && inside <= max, 'infeasible', 'a rule cannot be kept');
    }
  }

  /**
   * One attempt: members by group in the order drawn, or null if they are not admissible.
   * @param {Stream} stream
   * @returns {Promise<Leaf[][] | null>}
   */
  async attempt(stream) {
    const drawn = [];
    for (const [g, n] of this.sizes.entries()) drawn.push(await sample(stream, this.eligible[g], n));
    const members = drawn.flat();
    return new Set(members).size === members.length && this.admissible(members) ? drawn : null;
  }

  /**
   * True if these members keep every rule and the cap.
   * @param {Leaf[]} members
   */
  admissible(members) {
    for (const { min, max, who } of this.bounds) {
      const count = members.filter((leaf) => who.has(leaf)).length;
      if (count < min || count > max) return false;
    }
    if (!this.cap) return true;
    /** @type {Map<string, number>} */
    const counts = new Map();
    for (const leaf of members) {
      const value = own(this.pubs.get(leaf) ?? {}, this.cap.a) ?? [];
      // JSON text tells the number 1 from the text "1".
      for (const key of new Set([value].flat().map((item) => JSON.stringify(item)))) {
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
    }
    return Math.max(0, ...counts.values()) <= this.cap.max;
  }
}

/** @param {unknown} value @returns {string} */
function text(value) {
  must(typeof value === 'string', 'infeasible', 'no attribute is named');
  return value;
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
 * @param {Task} task
 * @param {unknown} maxAttempts
 * @returns {Promise<{attempt: number, groups: Leaf[][]}>}
 * @throws {import('./errors.js').Refusal} `attempts`
 */
export async function panel(seed, stage, task, maxAttempts) {
  const limit = Number.isSafeInteger(maxAttempts) ? Number(maxAttempts) : 0;
  must(limit >= 1 && limit <= MAX_ATTEMPTS, 'attempts');
  for (let attempt = 0; attempt < limit; attempt++) {
    const groups = await task.attempt(new Stream(seed, `panel/${stage}/${attempt}`));
    if (groups) return { attempt, groups };
  }
  throw new Refusal('attempts', 'no attempt was admissible');
}

/**
 * Who takes the place of a member: the first of the group's reserve order who keeps all rules.
 * @param {Uint8Array} seed
 * @param {string} stage
 * @param {Task} task
 * @param {Leaf[][]} present the panel as it stands, by group
 * @param {number} g the group in which a place became free
 * @param {Leaf} out who leaves
 * @param {Set<Leaf>} barred who may not be called any more
 * @returns {Promise<Leaf | null>} null if the reserve is empty
 */
export async function replacement(seed, stage, task, present, g, out, barred) {
  must(Number.isSafeInteger(g) && present[g]?.includes(out), 'replacement-order', 'not a member of that group');
  const members = present.flat();
  const staying = members.filter((leaf) => leaf !== out);
  for (const leaf of await order(seed, `${stage}/reserve/${g}`, task.eligible[g])) {
    if (!members.includes(leaf) && !barred.has(leaf) && task.admissible([...staying, leaf])) return leaf;
  }
  return null;
}
