// @ts-check
/**
 * Verifies a draw from its public files alone: transcript, pool and, for the log's signatures, a trust file. The order
 * of the checks and their codes are those of docs/spec/draw.md.
 */
import { b64u, equal, fromB64u, fromHex, fromUtf8, hex } from './bytes.js';
import { hasExactly, jcs } from './canonical.js';
import { compute, hash32, profile, requirePossible, taskOf } from './compute.js';
import { commitment, compareText, escrowShareHash, outputHash, seedOf } from './draw.js';
import { Refusal, must } from './errors.js';
import { holdersOf } from './escrow.js';
import { leafHash, mth } from './hash.js';
import { verifyBytes } from './jws.js';
import { detailDigest, parseCheckpoint, readPath, verifyCheckpoint, verifyInclusion } from './log.js';
import { replacement } from './panel.js';
import { combine32 } from './shamir.js';
import { POOLS, holds, readTranscript, takeToken } from './transcript.js';
import { kid } from './wrap.js';

/** @typedef {import('./draw.js').Leaf} Leaf */
/** @typedef {import('./draw.js').Pool} Pool */
/** @typedef {import('./transcript.js').Spec} Spec */
/** @typedef {import('./transcript.js').Transcript} Transcript */
/** @typedef {import('./transcript.js').Logged} Logged */
/** @typedef {Map<string, Map<number, Uint8Array>>} Kept party to the commitments of its shares */

/**
 * What a transcript proves.
 * @typedef {object} Verified
 * @property {Spec} spec
 * @property {string[]} parties whose randomness is in the seed
 * @property {Uint8Array} seed
 * @property {any} output
 * @property {Leaf[][]} members of a panel after all replacements
 * @property {import('./log.js').Checkpoint} checkpoint
 */

const VOID_REASONS = ['too-few', 'not-revealed', 'escrow-failed', 'beacon-missing', 'reserve-empty'];
const REASONS = ['refused', 'no-answer', 'avoidance', 'absent'];
const PUBLIC_NUMBERS = /^(?:(?:[0-9]+\.)+\/)+$/;

/**
 * @param {any} transcript the transcript's JSON value
 * @param {any} pool the pool file's value; for `assign/1` an object of two pools
 * @param {import('./log.js').Trust | null} [trust] without one, who signed the checkpoint is not checked
 * @param {(step: string) => void} [passed] told of every step that held, for the page
 * @returns {Promise<Verified>}
 * @throws {Refusal} `json-profile`, `pool-order`, `pool-duplicate`, `pool-root`, `party-unknown`, `party-duplicate`,
 *   `commit-late`, `commit-mismatch`, `beacon`, `void`, `weight-range`, `attempts`, `infeasible`, `result-mismatch`,
 *   `replacement-order`, checked in this order; then the codes of the log's proofs
 */
export async function verifyDraw(transcript, pool, trust = null, passed = () => {}) {
  const read = await readTranscript(transcript);
  const { spec } = read;
  const pools = await readPools(spec, pool);
  passed('pool');
  const commitments = await readCommitments(read);
  const kept = await keptContributors(read, new Set(commitments.keys()));
  const reveals = await readReveals(read, commitments, kept);
  for (const step of ['commits', 'close', ...(spec.escrow ? ['escrow'] : []), 'reveals']) passed(step);
  const beacons = await readBeacons(read);
  if (spec.beacons.length) passed('beacon');
  requireValid(read, commitments, kept, reveals);
  requirePossible(spec, pools);
  const seed = await seedOf(spec.hash, reveals, beacons);
  const output = await compute(spec, pools, seed);
  await requireResult(read, seed, output);
  passed('seed');
  passed('outcome');
  const panelNow = await walkReplacements(read, pools, seed);
  passed('replacements');
  const checkpoint = await requireLogged(read, trust);
  passed('log');
  return { spec, parties: [...reveals.keys()].sort(compareText), seed, output, members: panelNow, checkpoint };
}

/**
 * @param {Spec} spec
 * @param {any} pool
 * @returns {Promise<Map<string, Pool>>}
 */
async function readPools(spec, pool) {
  const names = POOLS[spec.algo];
  if (names.length === 1) return new Map([['pool', await readPool(pool, spec.pools.pool)]]);
  must(hasExactly(pool, names), 'json-profile', 'this draw has two pools');
  const out = new Map();
  for (const name of names) out.set(name, await readPool(pool[name], spec.pools[name]));
  return out;
}

/**
 * Reads a pool and compares it with what the spec froze.
 * @param {any} pool
 * @param {{root: string, count: number}} frozen
 * @returns {Promise<Pool>}
 */
export async function readPool(pool, frozen) {
  must(Array.isArray(pool) && pool.every((entry) => hasExactly(entry, ['l', 'p'])), 'json-profile', 'pool');
  /** @type {Pool} */
  const candidates = pool.map(({ l, p }) => [hex(profile(() => fromB64u(l, 32))), checkPub(p)]);
  const leaves = profile(() => pool.map((entry) => jcs(entry)));
  const root = await mth(await Promise.all(leaves.map((leaf) => leafHash(leaf))));
  const pairs = candidates.slice(1).map(([leaf], at) => [candidates[at][0], leaf]);
  must(pairs.every(([one, next]) => one <= next), 'pool-order');
  must(pairs.every(([one, next]) => one !== next), 'pool-duplicate');
  must(frozen.count === candidates.length && frozen.root === b64u(root), 'pool-root');
  return candidates;
}

/** @param {any} pub */
function checkPub(pub) {
  must(typeof pub === 'object' && pub !== null && !Array.isArray(pub), 'json-profile', 'public attributes');
  for (const item of Object.values(pub).flat()) {
    must(['string', 'number', 'boolean'].includes(typeof item), 'json-profile', 'a public attribute');
  }
  return pub;
}

/**
 * Party to commitment: each signed by its party, in time, and in the close list; nobody else.
 * @param {Transcript} read
 * @returns {Promise<Map<string, Uint8Array>>}
 */
async function readCommitments({ spec, commits, reveals, close, freeze }) {
  const parties = commits.map(({ payload }) => payload.party);
  const revealing = reveals.map(({ party }) => party);
  must([...parties, ...revealing].every((party) => spec.contributors.has(party)), 'party-unknown');
  const twice = (/** @type {string[]} */ names) => new Set(names).size !== names.length;
  must(!twice(parties) && !twice(revealing), 'party-duplicate');
  const listed = close.detail.commits ?? [];
  must(Array.isArray(listed) && listed.every((item) => item && 'party' in item && 'c' in item), 'json-profile');
  const closed = new Set(listed.map((item) => item.party));
  for (const { payload, log } of commits) {
    const inTime = log.entry.at < spec.commitBy && log.index < close.index;
    must(inTime && closed.has(payload.party), 'commit-late');
  }
  const out = new Map();
  for (const commit of commits) {
    const { payload, log } = commit;
    const signer = spec.contributors.get(payload.party);
    must(signer && (await holds(commit, signer, 'draw-commit+jws')), 'commit-mismatch', 'signature');
    must(payload.spec === spec.ref && log.index > freeze.index, 'commit-mismatch', 'another spec');
    out.set(payload.party, hash32(payload.c));
  }
  const sorted = [...parties].sort(compareText);
  const expected = {
    v: 1, type: 'draw.close', spec: spec.ref,
    commits: sorted.map((party) => ({ party, c: b64u(out.get(party)) })),
  };
  must(same(close.detail, expected) && sorted.join('\0') === parties.join('\0'), 'commit-mismatch', 'close list');
  return out;
}

/** @param {unknown} one @param {unknown} other */
const same = (one, other) => equal(jcs(one), jcs(other));

/**
 * Who delivered its escrow in time; who did not is dropped here. Whoever delivered and was not acknowledged by k holders
 * is never dropped: such a draw is void.
 * @param {Transcript} read
 * @param {Set<string>} committed
 * @returns {Promise<Kept>}
 */
async function keptContributors({ spec, escrow, close }, committed) {
  if (!spec.escrow) {
    must(escrow.length === 0, 'void', 'this draw has no escrow');
    return new Map([...committed].map((party) => [party, new Map()]));
  }
  /** @type {Kept} */
  const kept = new Map();
  for (const { token, acks } of escrow) {
    const { party, shares } = token.payload;
    must(committed.has(party), 'party-unknown');
    must(!kept.has(party), 'party-duplicate');
    await requireSigned(spec, party, token, 'draw-escrow+jws');
    must(token.log.index > close.index && token.log.entry.at > close.entry.at, 'void', 'shares before the close');
    must(token.log.entry.at <= spec.escrow.by, 'void', 'shares too late');
    const holders = holdersOf(spec, party);
    const listed = shares.map((/** @type {any} */ item) => [item.i, item.holder]);
    must(same(listed, holders.map((holder, at) => [at + 1, holder])), 'void', 'shares of the other contributors');
    for (const share of shares) {
      const key = spec.contributors.get(share.holder)?.wrap;
      must(key && share.a === key.a && share.kid === key.kid, 'void', "a share is not wrapped to its holder's key");
    }
    const commitments = new Map(shares.map((/** @type {any} */ item) => [item.i, fromB64u(item.sc, 32)]));
    const acknowledged = await countAcks(spec, party, holders, acks, commitments);
    must(acknowledged >= spec.escrow.k, 'void', `too few holders acknowledged the shares of ${party}`);
    kept.set(party, commitments);
  }
  return kept;
}

/**
 * @param {Spec} spec
 * @param {string} party
 * @param {string[]} holders
 * @param {import('./transcript.js').Signed[]} acks
 * @param {Map<number, Uint8Array>} commitments
 */
async function countAcks(spec, party, holders, acks, commitments) {
  const seen = new Set();
  for (const ack of acks) {
    const { i, holder, sc } = ack.payload;
    must(commitments.has(i) && holders[i - 1] === holder && !seen.has(i), 'void', 'an acknowledgement out of place');
    await requireSigned(spec, holder, ack, 'draw-escrow-ack+jws');
    const given = hash32(sc);
    must(ack.payload.party === party && equal(given, commitments.get(i) ?? given.slice(1)), 'void', holder);
    must(spec.escrow && ack.log.entry.at <= spec.escrow.by, 'void', 'an acknowledgement too late');
    seen.add(i);
  }
  return seen.size;
}

/**
 * @param {Spec} spec
 * @param {string} party
 * @param {import('./transcript.js').Signed} token
 * @param {string} typ
 */
async function requireSigned(spec, party, token, typ) {
  const signer = spec.contributors.get(party);
  const held = token.payload.spec === spec.ref && signer && (await holds(token, signer, typ));
  must(held, 'void', `not signed by ${party}`);
}

/**
 * @param {Transcript} read
 * @param {Map<string, Uint8Array>} commitments
 * @param {Kept} kept
 */
async function readReveals({ spec, reveals }, commitments, kept) {
  /** @type {Map<string, Uint8Array>} */
  const out = new Map();
  for (const { party, value, shares } of reveals) {
    const handed = kept.get(party);
    must(handed, 'party-unknown', 'not among the final contributors');
    const committed = commitments.get(party);
    must(committed && equal(await commitment(spec.hash, party, value), committed), 'commit-mismatch', party);
    if (shares) await checkRecovery(spec, party, committed, handed, shares);
    out.set(party, value);
  }
  return out;
}

/**
 * A value that its owner did not reveal must come out of k shares that were acknowledged.
 * @param {Spec} spec
 * @param {string} party
 * @param {Uint8Array} committed
 * @param {Map<number, Uint8Array>} handed
 * @param {[number, Uint8Array][]} shares
 */
async function checkRecovery(spec, party, committed, handed, shares) {
  must(spec.escrow, 'void', 'this draw has no escrow');
  for (const [i, value] of shares) {
    const expected = handed.get(i);
    must(expected && equal(await escrowShareHash(spec.hash, party, i, value), expected), 'void', 'a false share');
  }
  let value;
  try {
    value = combine32(shares.slice(0, spec.escrow.k), spec.escrow.k);
  } catch {
    throw new Refusal('void', 'the shares do not suffice');
  }
  must(equal(await commitment(spec.hash, party, value), committed), 'void', party);
}

/** @param {Transcript} read @returns {Promise<Uint8Array[]>} */
async function readBeacons({ spec, beacons }) {
  must(beacons.length === spec.beacons.length, 'beacon', 'other beacons than the spec');
  for (const [number, { value, statements }] of beacons.entries()) {
    let vouching;
    try {
      vouching = await witnesses(spec, number, value, statements);
    } catch (error) {
      throw new Refusal('beacon', error instanceof Error ? error.message : '');
    }
    must(vouching.size >= 2 && PUBLIC_NUMBERS.test(fromUtf8(value)), 'beacon', 'two witnesses must vouch');
  }
  return beacons.map(({ value }) => value);
}

/**
 * Who vouches for the value of public numbers, every statement verified.
 * @param {Spec} spec
 * @param {number} number
 * @param {Uint8Array} value
 * @param {string[]} statements
 * @returns {Promise<Set<string>>}
 */
async function witnesses(spec, number, value, statements) {
  const beacon = spec.beacons[number];
  must(beacon.kind === 'public-numbers' && hasExactly(beacon, ['kind', 'at', 'source', 'witnesses']), 'beacon', 'kind');
  const { source, at } = beacon;
  const expected = { v: 1, type: 'draw.beacon', spec: spec.ref, beacon: number, source, at, value: fromUtf8(value) };
  const out = new Set();
  for (const statement of statements) {
    const { header, payload, signed, signature } = takeToken(statement);
    const witness = beacon.witnesses.findLast((/** @type {any} */ item) => item.kid === header.kid);
    must(witness, 'beacon', 'an unknown witness');
    const spki = fromB64u(witness.spki);
    must(same(header, { alg: 'ES256', typ: 'draw-beacon+jws', kid: await kid(spki) }), 'beacon', 'header');
    must(same(payload, expected) && (await verifyBytes('ES256', spki, signed, signature)), 'beacon', 'statement');
    out.add(witness.spki);
  }
  return out;
}

/**
 * @param {Transcript} read
 * @param {Map<string, Uint8Array>} committed
 * @param {Kept} kept
 * @param {Map<string, Uint8Array>} reveals
 */
function requireValid(read, committed, kept, reveals) {
  const { spec, close, result, freeze, attempts } = read;
  const everybody = committed.size === spec.contributors.size;
  must(close.entry.at >= spec.commitBy || everybody, 'void', 'the close came before its time');
  must(result.index > close.index, 'void', 'the result was logged before the close');
  requireFinal(read, kept);
  must(kept.size >= spec.least && [...kept.keys()].every((party) => committed.has(party)), 'void', 'too few');
  must(reveals.size === kept.size, 'void', "a contributor's value is missing");
  const chain = [...attempts.map((attempt) => attempt.spec), spec];
  const linked = chain.every((one, at) => one.prev === (at === 0 ? null : chain[at - 1].ref));
  must(linked, 'void', 'earlier attempts are not all shown');
  const indices = [...attempts.flatMap((attempt) => [attempt.log.index, attempt.void.index]), freeze.index];
  must(indices.every((index, at) => at === 0 || index > indices[at - 1]), 'void', 'attempts out of order');
  for (const attempt of attempts) {
    const told = attempt.void.detail;
    const { reason, party = null } = told;
    must(same(told, { v: 1, type: 'draw.void', spec: attempt.spec.ref, reason, party }), 'void', 'an earlier attempt');
    must(VOID_REASONS.includes(reason), 'void', 'no reason of the rules');
  }
}

/**
 * With an escrow, the final contributors were logged before any value was told, so none can be left out later.
 * @param {Transcript} read
 * @param {Kept} kept
 */
function requireFinal({ spec, final, escrow, close, result }, kept) {
  must((spec.escrow === null) === (final === null), 'void', 'final contributors if and only if there is an escrow');
  if (!spec.escrow || !final) return;
  const parties = [...kept.keys()].sort(compareText);
  must(same(final.detail, { v: 1, type: 'draw.final', spec: spec.ref, parties }), 'void', 'other final contributors');
  const acks = escrow.flatMap((delivery) => delivery.acks.map(({ log }) => log.index));
  const inOrder = [close.index, ...acks].every((index) => index < final.index) && final.index < result.index;
  must(inOrder, 'void', 'the final contributors were logged out of order');
  const complete = acks.length >= spec.contributors.size * spec.escrow.n;
  must(final.entry.at >= spec.escrow.by || complete, 'void', 'the escrow ended before its time');
}

/**
 * @param {Transcript} read
 * @param {Uint8Array} seed
 * @param {any} output
 */
async function requireResult(read, seed, output) {
  must(equal(read.seed, seed), 'result-mismatch', 'the seed is not that of the contributions');
  must(same(read.output, output), 'result-mismatch', 'the outcome is not that of the rule');
  const digest = b64u(await outputHash(output));
  const expected = { v: 1, type: 'draw.result', spec: read.spec.ref, seed: b64u(seed), output: digest };
  must(same(read.result.detail, expected), 'result-mismatch', 'the logged result is another');
}

/**
 * Walks the replacement log; every step must be the only one the reserve order allows.
 * @param {Transcript} read
 * @param {Map<string, Pool>} pools
 * @param {Uint8Array} seed
 * @returns {Promise<Leaf[][]>} the panel as it stands at the end
 */
async function walkReplacements({ spec, output, result, replacements }, pools, seed) {
  const code = 'replacement-order';
  if (spec.algo !== 'panel/1') {
    must(replacements.length === 0, code, 'only members of a panel are replaced');
    return [];
  }
  const task = taskOf(spec, pools);
  /** @type {Leaf[][]} */
  const now = output.groups.map((/** @type {string[]} */ group) => group.map((leaf) => hex(hash32(leaf))));
  /** @type {Set<Leaf>} */
  const barred = new Set();
  let last = result.index;
  for (const { raw, log } of replacements) {
    const out = hex(hash32(raw.out));
    must(log.index > last && REASONS.includes(raw.reason), code, 'out of order, or for no known reason');
    must(!barred.has(out) && task.pubs.has(out), code, 'barred twice, or not a candidate');
    last = log.index;
    barred.add(out);
    if (raw.act === 'bar') {
      const outside = raw.group === null && raw.in === null && !now.flat().includes(out);
      must(outside, code, 'a member is replaced, not barred');
      continue;
    }
    must(raw.act === 'replace', code, 'no such act');
    const taken = await replacement(seed, spec.stage, task, now, raw.group, out, barred);
    must(raw.in === (taken === null ? null : b64u(fromHex(taken))), code, 'another reserve was next');
    const members = now[raw.group];
    members.splice(members.indexOf(out), 1, ...(taken === null ? [] : [taken]));
  }
  return now;
}

/** Every record that the transcript rests on. @param {Transcript} read @returns {Logged[]} */
function recordsOf(read) {
  return [
    ...read.attempts.flatMap((attempt) => [attempt.log, attempt.void]),
    read.freeze, ...read.commits.map(({ log }) => log), read.close,
    ...read.escrow.flatMap(({ token, acks }) => [token.log, ...acks.map(({ log }) => log)]),
    ...(read.final ? [read.final] : []), read.result, ...read.replacements.map(({ log }) => log),
  ];
}

/**
 * @param {Transcript} read
 * @param {import('./log.js').Trust | null} trust
 */
async function requireLogged(read, trust) {
  const checkpoint = trust ? await verifyCheckpoint(read.checkpoint, trust) : parseCheckpoint(read.checkpoint);
  for (const { detail, entry, index, path } of recordsOf(read)) {
    must(equal(await detailDigest(detail), fromB64u(entry.digest, 32)), 'entry-digest', `entry ${index}`);
    const leaf = await leafHash(jcs(entry));
    const held = await verifyInclusion(leaf, index, checkpoint.size, readPath(path), checkpoint.root);
    must(held, 'inclusion', `entry ${index}`);
  }
  return checkpoint;
}
