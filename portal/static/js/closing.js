// @ts-check
/**
 * What bidder and trustees check at the opening before they give anything away: that the close list is the one whose
 * root was logged, under the deadline checkpoint, with a witness's word for the time.
 */
import { b64u, equal, fromB64u } from './bytes.js';
import { jcs } from './canonical.js';
import { must } from './errors.js';
import { leafHash } from './hash.js';
import { readPath, verifyInclusion, verifyProof } from './log.js';
import { closeRoot, submissionDigest } from './messages.js';

/** @typedef {import('./log.js').Trust} Trust */
/** @typedef {import('./log.js').Checkpoint} Checkpoint */
/** @typedef {{tender: string, lot: string}} Lot */
/** @typedef {{detail: any, proof: any}} Proved a detail and the proof that the log holds it */

/**
 * Checks the entry `bid.close` under the deadline checkpoint.
 * @param {Proved} close
 * @param {Lot} lot
 * @param {string} opensAt the deadline; a witness must have seen the checkpoint at or after it
 * @param {Trust} trust
 * @returns {Promise<{root: string, checkpoint: Checkpoint}>}
 * @throws {import('./errors.js').Refusal} `close-root`, `witness`, or the codes of `verifyProof`
 */
export async function verifyClose({ detail, proof }, lot, opensAt, trust) {
  const checkpoint = await verifyProof(detail, proof, trust);
  const fits = detail.type === 'bid.close' && detail.tender === lot.tender && detail.lot === lot.lot;
  must(fits && proof.entry.type === 'bid.close', 'close-root');
  const deadline = Math.floor(Date.parse(opensAt) / 1000);
  must(checkpoint.times.some((seconds) => seconds >= deadline), 'witness', 'no witness saw it after the deadline');
  return { root: detail.root, checkpoint };
}

/**
 * Checks that the own submission is in the list with this root.
 * @param {{root: string, size: number, mine: {entry: any, index: number, path: string[]}}} list
 * @param {string} root
 * @param {string} submission digest of the own submission
 * @throws {import('./errors.js').Refusal} `close-root` or `close-list`
 */
export async function verifyMine({ root: told, size, mine }, root, submission) {
  must(told === root, 'close-root');
  must(mine?.entry?.submission === submission, 'close-list');
  const leaf = await leafHash(jcs(mine.entry));
  must(await verifyInclusion(leaf, mine.index, size, readPath(mine.path), fromB64u(root, 32)), 'close-list');
}

/**
 * Checks that envelopes are exactly those of the submissions in the close list.
 * @param {any[]} rows of the close list
 * @param {any[]} submissions the signed messages of these rows
 * @param {string} root
 * @returns {Promise<Map<string, string>>} eid to bidder
 * @throws {import('./errors.js').Refusal} `close-root` or `close-list`
 */
export async function verifyList(rows, submissions, root) {
  must(equal(await closeRoot(rows), fromB64u(root, 32)), 'close-root');
  const listed = new Map(rows.map((row) => [row.submission, row.bidder]));
  const eids = new Map();
  for (const message of submissions) {
    const digest = b64u(await submissionDigest(message));
    must(listed.get(digest) === message.bidder, 'close-list');
    listed.delete(digest);
    for (const { eid } of message.docs) eids.set(eid, message.bidder);
  }
  must(listed.size === 0, 'close-list', 'a bid of the list was not shown');
  return eids;
}

/**
 * Checks, before any key of a second envelope is given, that the log holds how the technical evaluation ended.
 * @param {Proved | null} technical
 * @param {Lot} lot
 * @param {Trust} trust
 * @returns {Promise<Set<string>>} the bidders who passed: nobody else's second envelope may be opened
 * @throws {import('./errors.js').Refusal} `technical`, or the codes of `verifyProof`
 */
export async function verifyTechnical(technical, lot, trust) {
  must(technical, 'technical');
  const { detail, proof } = technical;
  await verifyProof(detail, proof, trust);
  const fits = detail.type === 'bid.technical-concluded' && detail.tender === lot.tender && detail.lot === lot.lot;
  must(fits && proof.entry.type === 'bid.technical-concluded', 'technical');
  const passed = detail.verdicts.filter((/** @type {any} */ one) => one.passed === true);
  return new Set(passed.map((/** @type {any} */ one) => one.bidder));
}

/**
 * Checks the platform's record that the window for releases is over.
 * @param {Proved} closed
 * @param {Lot} lot
 * @param {Trust} trust
 * @returns {Promise<number>} the step of the opening whose window that was
 * @throws {import('./errors.js').Refusal} `window`, or the codes of `verifyProof`
 */
export async function verifyWindow({ detail, proof }, lot, trust) {
  await verifyProof(detail, proof, trust);
  must(detail.type === 'bid.window-closed' && proof.entry.type === 'bid.window-closed', 'window');
  must(detail.tender === lot.tender && detail.lot === lot.lot, 'window');
  return detail.step ?? 1;
}
