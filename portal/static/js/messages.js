// @ts-check
/**
 * The messages that people sign around a sealed bid, their types and digests, and the keyset they refer to. A message
 * has exactly the members written here; docs/spec/sealing.md, "Messages" and "Keyset", says what they mean.
 */
import { b64u, equal, fromB64u, u8 } from './bytes.js';
import { hasExactly, jcs } from './canonical.js';
import { Refusal, must } from './errors.js';
import { label, leafHash, mth, sha256 } from './hash.js';
import { isInstant } from './log.js';
import { kid, unwrap } from './wrap.js';

/** JWS types by kind of message. */
export const TYP = {
  submission: 'bid-submission+jws', withdrawal: 'bid-withdrawal+jws', release: 'bid-release+jws',
  share: 'bid-share+jws', accept: 'keyset-accept+jws', emergency: 'bid-emergency-key+jws',
  signature: 'opening-signature+jws',
  consortium: 'bid-consortium+jws',
};

/** @typedef {{i: number, role: string, a: import('./wrap.js').WrapAlgorithm, kid: string, spki: string}} Trustee */
/**
 * @typedef {object} Keyset
 * @property {string} tender
 * @property {string} lot
 * @property {string} suite
 * @property {'bidder' | 'trustees' | 'either' | 'both'} policy
 * @property {number} k
 * @property {string} opens_at
 * @property {number} window_s
 * @property {Trustee[]} trustees
 * @property {string[][]} [steps] parts of a bid by the step that opens them; left out where there is but one
 */
/** @typedef {{tender: string, lot: string, bidder: string}} Place which bid of which lot */
/** @typedef {{slot: string, eid: Uint8Array, chunks: number, bytes: number}} Document `bytes` counts the head, too */

/**
 * A bid: the first (rev 1, no prev) or one that replaces the previous.
 * @param {Place} place
 * @param {number} rev
 * @param {string | null} prev digest of the previous submission or withdrawal
 * @param {Document[]} docs
 * @param {string} ks
 */
export function submission({ tender, lot, bidder }, rev, prev, docs, ks) {
  const listed = docs.map(({ slot, eid, chunks, bytes }) => ({ slot, eid: b64u(eid), chunks, bytes }));
  return { v: 1, type: 'bid.submission', tender, lot, bidder, rev, prev, docs: listed, ks };
}

/**
 * Taking a bid back; a later submission may follow.
 * @param {Place} place
 * @param {number} rev
 * @param {string} prev
 */
export function withdrawal({ tender, lot, bidder }, rev, prev) {
  return { v: 1, type: 'bid.withdrawal', tender, lot, bidder, rev, prev };
}

/**
 * The bidder's part of the opening.
 * @param {Place} place
 * @param {string} digest of the submission that stands in the close list
 * @param {{slot: string, eid: Uint8Array, secret: Uint8Array}[]} secrets
 */
export function release({ tender, lot, bidder }, digest, secrets) {
  const listed = secrets.map(({ slot, eid, secret }) => ({ slot, eid: b64u(eid), secret: b64u(secret) }));
  return { v: 1, type: 'bid.release', tender, lot, bidder, submission: digest, secrets: listed };
}

/**
 * The bidder's own file keys, after supervision's decision.
 * @param {Place} place
 * @param {string} digest of the submission that stands in the close list
 * @param {{slot: string, eid: Uint8Array, fk: Uint8Array}[]} keys
 */
export function emergencyKey({ tender, lot, bidder }, digest, keys) {
  const listed = keys.map(({ slot, eid, fk }) => ({ slot, eid: b64u(eid), fk: b64u(fk) }));
  return { v: 1, type: 'bid.emergency-key', tender, lot, bidder, submission: digest, keys: listed };
}

/**
 * A trustee's part of the opening: all shares of all envelopes at once.
 * @param {Keyset} keyset
 * @param {string} ks
 * @param {number} i
 * @param {{eid: Uint8Array, share: Uint8Array}[]} shares
 */
export function shareBatch({ tender, lot }, ks, i, shares) {
  const listed = shares.map(({ eid, share }) => ({ eid: b64u(eid), share: b64u(share) }));
  return { v: 1, type: 'bid.share', tender, lot, ks, i, shares: listed };
}

/**
 * A trustee accepts a seat.
 * @param {Keyset} keyset
 * @param {string} ks
 * @param {number} i
 * @param {Uint8Array} proof from `answerDrill`
 */
export function acceptance({ tender, lot, trustees }, ks, i, proof) {
  return { v: 1, type: 'bid.keyset-accept', tender, lot, ks, i, kid: trustees[i - 1].kid, proof: b64u(proof) };
}

/**
 * Somebody present signs the opening record.
 * @param {{tender: string, lot: string}} place
 * @param {string} draft digest of the record's draft
 * @param {'agreed' | 'objection'} stance
 * @param {string} remark what the objection is; empty for an agreement
 */
export function recordSignature({ tender, lot }, draft, stance, remark) {
  return { v: 1, type: 'opening.signature', tender, lot, draft, stance, remark };
}

/** The digest by which a submission or withdrawal is known. @param {unknown} message */
export const submissionDigest = (message) => sha256(label('SBE1', 'submission'), jcs(message));

/** Root of a close list, as it was logged. @param {unknown[]} rows */
export const closeRoot = async (rows) => mth(await Promise.all(rows.map((row) => leafHash(jcs(row)))));

/** Digest of a keyset. @param {unknown} keyset */
export const keysetHash = (keyset) => sha256(label('SBE1', 'keyset'), jcs(keyset));

/**
 * Checks a keyset as the server published it: members, threshold, and that every key bears its own name.
 * @param {any} keyset
 * @param {string} ks the digest it must have
 * @returns {Promise<Keyset>}
 * @throws {Refusal} `keyset`
 */
export async function checkKeyset(keyset, ks) {
  const members = ['v', 'type', 'tender', 'lot', 'suite', 'policy', 'k', 'opens_at', 'window_s', 'trustees'];
  const { steps, ...others } = keyset ?? {};
  must(hasExactly(others, members) && keyset.v === 1 && keyset.type === 'bid.keyset', 'keyset', 'members');
  must(steps === undefined || areSteps(steps), 'keyset', 'steps');
  must(keyset.suite === 'intl-1', 'keyset', 'this suite is not known here');
  must(['bidder', 'trustees', 'either', 'both'].includes(keyset.policy), 'keyset', 'policy');
  must(isInstant(keyset.opens_at) && Number.isSafeInteger(keyset.window_s), 'keyset', 'times');
  const { trustees, k } = keyset;
  must(Array.isArray(trustees), 'keyset', 'trustees');
  const n = trustees.length;
  const none = keyset.policy === 'bidder' && n === 0 && k === 0;
  must(none || (Number.isSafeInteger(k) && k >= 2 && k <= n && n <= 16), 'keyset', 'threshold');
  for (const [at, trustee] of trustees.entries()) {
    must(hasExactly(trustee, ['i', 'role', 'a', 'kid', 'spki']) && trustee.i === at + 1, 'keyset', 'trustee');
    must((await kid(fromB64u(trustee.spki))) === trustee.kid, 'keyset', 'the name of a key is not that of the key');
  }
  must(new Set(trustees.map((trustee) => trustee.kid)).size === n, 'keyset', 'two trustees have the same key');
  must(equal(await keysetHash(keyset), fromB64u(ks, 32)), 'keyset', 'the digest is another');
  return keyset;
}

/** Two or more steps, each of parts in order, none of which occurs twice. @param {any} steps */
function areSteps(steps) {
  if (!Array.isArray(steps) || steps.length < 2) return false;
  if (!steps.every((step) => Array.isArray(step) && step.length > 0)) return false;
  const names = steps.flat();
  const known = names.every((name) => typeof name === 'string' && name !== '');
  return known && new Set(names).size === names.length
    && steps.every((step) => text([...step].sort()) === text(step));
}

/** @param {unknown} value */
const text = (value) => JSON.stringify(value);

/**
 * The parts that a step opens.
 * @param {Keyset} keyset
 * @param {number} step from 1
 * @returns {string[]}
 */
export const partsOf = ({ steps }, step) => (steps ?? [['file', 'form']])[step - 1] ?? [];

/**
 * Keys of the trustees in the form that sealing takes them.
 * @param {Keyset} keyset
 */
export const trusteeKeys = (keyset) => keyset.trustees.map(({ a, spki }) => ({ a, spki: fromB64u(spki) }));

/**
 * Opens the test share of the drill and returns the proof that it was opened.
 * @param {Keyset} keyset
 * @param {number} i
 * @param {{enc: string, ct: string}} challenge
 * @param {import('./wrap.js').WrapPrivate} key
 * @returns {Promise<Uint8Array>}
 * @throws {Refusal} `drill`
 */
export async function answerDrill(keyset, i, challenge, key) {
  const hash = await keysetHash(keyset);
  const context = await sha256(label('SBE1', 'drill'), hash, u8(i));
  let share;
  try {
    must(keyset.trustees[i - 1]?.a === key.a, 'drill');
    share = await unwrap(key, context, fromB64u(challenge.enc), fromB64u(challenge.ct));
  } catch {
    throw new Refusal('drill', 'the test share does not open with this key');
  }
  return sha256(label('SBE1', 'drill-proof'), hash, u8(i), share);
}
