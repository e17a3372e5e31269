// @ts-check
/**
 * The append-only log as its readers see it: inclusion and consistency proofs (RFC 9162 sections 2.1.3.2 and 2.1.4.2),
 * checkpoints (C2SP tlog-checkpoint in a signed note), witness cosignatures, and the receipt of a bid.
 */
import { equal, fromB64, fromB64u, toNumber, utf8 } from './bytes.js';
import { jcs } from './canonical.js';
import { Refusal, must } from './errors.js';
import { label, leafHash, nodeHash, sha256 } from './hash.js';
import { split, verifyBytes, verifyEd25519 } from './jws.js';

const LOG_KEY = 0x01;
const WITNESS_KEY = 0x04;
const CANONICAL_SIZE = /^(?:0|[1-9][0-9]{0,15})$/;

/** @typedef {{name: string, id: string, type: number, raw: Uint8Array}} NoteKey */
/** @typedef {{name: string, data: Uint8Array}} NoteSignature */
/** @typedef {{origin: string, size: number, root: Uint8Array, text: string, signatures: NoteSignature[]}} Checkpoint */
/**
 * @typedef {object} Trust
 * @property {string} origin
 * @property {string[]} suites
 * @property {string[]} log_keys
 * @property {{kid: string, alg: string, spki: string}[]} platform_keys
 * @property {string[]} witness_keys
 * @property {number} witness_quorum
 */

/** @param {unknown} value */
const isIndex = (value) => Number.isSafeInteger(value) && /** @type {number} */ (value) >= 0;
/** @param {Uint8Array[]} path */
const isPath = (path) => Array.isArray(path) && path.every((hash) => hash instanceof Uint8Array && hash.length === 32);
/** Halves without the 32-bit limit of the shift operators. @param {number} n */
const half = (n) => Math.floor(n / 2);

/**
 * True if the leaf is number i of the tree of size n with this root.
 * @param {Uint8Array} leaf leaf hash
 * @param {number} i
 * @param {number} n
 * @param {Uint8Array[]} path
 * @param {Uint8Array} root
 * @returns {Promise<boolean>}
 */
export async function verifyInclusion(leaf, i, n, path, root) {
  if (!isIndex(i) || !isIndex(n) || i >= n || !isPath(path) || leaf.length !== 32) return false;
  let fn = i;
  let sn = n - 1;
  let r = leaf;
  for (const p of path) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      r = await nodeHash(p, r);
      while (fn % 2 === 0 && fn !== 0) {
        fn = half(fn);
        sn = half(sn);
      }
    } else {
      r = await nodeHash(r, p);
    }
    fn = half(fn);
    sn = half(sn);
  }
  return sn === 0 && equal(r, root);
}

/**
 * True if the tree of size m is a prefix of the tree of size n.
 * @param {number} m
 * @param {number} n
 * @param {Uint8Array[]} path
 * @param {Uint8Array} rootM
 * @param {Uint8Array} rootN
 * @returns {Promise<boolean>}
 */
export async function verifyConsistency(m, n, path, rootM, rootN) {
  if (!isIndex(m) || !isIndex(n) || m > n || !isPath(path)) return false;
  if (m === n) return path.length === 0 && equal(rootM, rootN);
  if (m === 0) return path.length === 0 && equal(rootM, await sha256(new Uint8Array(0)));
  let fn = m - 1;
  let sn = n - 1;
  while (fn % 2 === 1) {
    fn = half(fn);
    sn = half(sn);
  }
  const rest = [...path];
  // If m is a power of two the old root itself starts the path and is left out of the proof.
  const first = fn === 0 ? rootM : rest.shift();
  if (!first) return false;
  let fr = first;
  let sr = first;
  for (const c of rest) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      fr = await nodeHash(c, fr);
      sr = await nodeHash(c, sr);
      while (fn % 2 === 0 && fn !== 0) {
        fn = half(fn);
        sn = half(sn);
      }
    } else {
      sr = await nodeHash(sr, c);
    }
    fn = half(fn);
    sn = half(sn);
  }
  return sn === 0 && equal(fr, rootM) && equal(sr, rootN);
}

/**
 * Takes a checkpoint apart. Nothing is verified yet.
 * @param {unknown} note
 * @returns {Checkpoint}
 * @throws {Refusal} `checkpoint-format`
 */
export function parseCheckpoint(note) {
  try {
    must(typeof note === 'string' && !/[^\n -~\u0080-\uffff]/.test(note), 'checkpoint-format');
    const cut = note.lastIndexOf('\n\n');
    must(cut > 0 && note.endsWith('\n'), 'checkpoint-format');
    const text = note.slice(0, cut + 1);
    const lines = text.slice(0, -1).split('\n');
    must(lines.length >= 3 && lines.every((line) => line !== '') && CANONICAL_SIZE.test(lines[1]), 'checkpoint-format');
    const root = fromB64(lines[2]);
    must(root.length === 32, 'checkpoint-format');
    const signatures = note.slice(cut + 2, -1).split('\n').map(parseSignature);
    return { origin: lines[0], size: Number(lines[1]), root, text, signatures };
  } catch {
    throw new Refusal('checkpoint-format');
  }
}

/** @param {string} line @returns {NoteSignature} */
function parseSignature(line) {
  const match = /^— (\S+) (\S+)$/.exec(line);
  must(match, 'checkpoint-format');
  const data = fromB64(match[2]);
  must(data.length > 4, 'checkpoint-format');
  return { name: match[1], data };
}

/**
 * Reads a verifier key `name+id+base64(type ‖ key)` and recomputes its id.
 * @param {string} vkey
 * @returns {Promise<NoteKey>}
 */
export async function parseNoteKey(vkey) {
  const match = /^([^\s+]+)\+([0-9a-f]{8})\+(\S+)$/.exec(vkey);
  must(match, 'trust', 'verifier key');
  const body = fromB64(match[3]);
  const id = (await sha256(utf8(`${match[1]}\n`), body)).slice(0, 4);
  must(toNumber(id) === Number.parseInt(match[2], 16) && body.length === 33, 'trust', 'verifier key');
  return { name: match[1], id: match[2], type: body[0], raw: body.slice(1) };
}

/**
 * True if one of the note's signatures is by this key.
 * @param {Checkpoint} checkpoint
 * @param {NoteKey} key
 * @returns {Promise<boolean>}
 */
async function signedBy(checkpoint, key) {
  for (const { name, data } of checkpoint.signatures) {
    if (name !== key.name || toNumber(data.slice(0, 4)) !== Number.parseInt(key.id, 16)) continue;
    const body = data.slice(4);
    if (key.type === LOG_KEY && body.length === 64) {
      if (await verifyEd25519(key.raw, utf8(checkpoint.text), body)) return true;
    } else if (key.type === WITNESS_KEY && body.length === 72) {
      const time = toNumber(body.slice(0, 8)); // seconds at which the witness saw the checkpoint
      const message = utf8(`cosignature/v1\ntime ${time}\n${checkpoint.text}`);
      if (await verifyEd25519(key.raw, message, body.slice(8))) return true;
    }
  }
  return false;
}

/**
 * Verifies a checkpoint against a trust file.
 * @param {unknown} note
 * @param {Trust} trust
 * @param {number} [quorum] witnesses wanted; the trust file's number unless given
 * @returns {Promise<Checkpoint>}
 * @throws {Refusal} `checkpoint-format`, `checkpoint-origin`, `checkpoint-signature` or `witness`
 */
export async function verifyCheckpoint(note, trust, quorum = trust.witness_quorum ?? 0) {
  const checkpoint = parseCheckpoint(note);
  must(checkpoint.origin === trust.origin, 'checkpoint-origin');
  const logs = await Promise.all(trust.log_keys.map(parseNoteKey));
  const signed = await Promise.all(logs.map((key) => key.type === LOG_KEY && signedBy(checkpoint, key)));
  must(signed.includes(true), 'checkpoint-signature');
  const witnesses = await Promise.all((trust.witness_keys ?? []).map(parseNoteKey));
  const cosigned = await Promise.all(witnesses.map((key) => key.type === WITNESS_KEY && signedBy(checkpoint, key)));
  must(cosigned.filter(Boolean).length >= quorum, 'witness');
  return checkpoint;
}

/**
 * Digest of a detail, as the log entry carries it.
 * @param {unknown} detail
 */
export const detailDigest = (detail) => sha256(label('OTL1', 'detail'), jcs(detail));

/**
 * Verifies a receipt bundle offline.
 * @param {any} bundle `{receipt, entry, index, size, path, checkpoint}`
 * @param {Trust} trust
 * @param {(step: string) => void} [passed] told of every check that held, for the page
 * @returns {Promise<{detail: any, checkpoint: Checkpoint}>}
 * @throws {Refusal} `receipt-signature`, `receipt-type`, `entry-digest`, `checkpoint-format`, `checkpoint-origin`,
 *   `checkpoint-signature`, `witness`, `checkpoint-size` or `inclusion`
 */
export async function verifyReceipt(bundle, trust, passed = () => {}) {
  const token = splitReceipt(bundle?.receipt);
  must(await signedByPlatform(token, trust), 'receipt-signature');
  passed('receipt-signature');
  const detail = token.payload;
  must(token.header.typ === 'otp-receipt+jws' && detail?.type === 'bid.accepted', 'receipt-type');
  passed('receipt-type');
  const { entry } = bundle;
  must(typeof entry?.digest === 'string' && entry.type === detail.type, 'entry-digest');
  must(equal(await detailDigest(detail), bytesOf(entry.digest, 'entry-digest')), 'entry-digest');
  passed('entry-digest');
  const checkpoint = await verifyCheckpoint(bundle.checkpoint, trust);
  passed('checkpoint');
  must(bundle.size === checkpoint.size, 'checkpoint-size');
  passed('checkpoint-size');
  must(Array.isArray(bundle.path), 'inclusion');
  const path = bundle.path.map((/** @type {unknown} */ hash) => bytesOf(hash, 'inclusion'));
  const leaf = await leafHash(jcs(entry));
  must(await verifyInclusion(leaf, bundle.index, bundle.size, path, checkpoint.root), 'inclusion');
  passed('inclusion');
  return { detail, checkpoint };
}

/** @param {unknown} receipt */
function splitReceipt(receipt) {
  try {
    return split(receipt);
  } catch {
    throw new Refusal('receipt-signature');
  }
}

/**
 * @param {import('./jws.js').Token} token
 * @param {Trust} trust
 */
async function signedByPlatform(token, trust) {
  if (token.header.alg !== 'EdDSA' || token.header.crit !== undefined) return false;
  for (const key of trust.platform_keys) {
    if (key.alg !== 'EdDSA' || (token.header.kid !== undefined && key.kid !== token.header.kid)) continue;
    if (await verifyBytes('EdDSA', fromB64u(key.spki), token.signed, token.signature)) return true;
  }
  return false;
}

/**
 * @param {unknown} text
 * @param {string} code
 */
function bytesOf(text, code) {
  try {
    return fromB64u(text, 32);
  } catch {
    throw new Refusal(code);
  }
}

/**
 * Verifies that an entry of the close list is in the list with this root.
 * @param {{entry: unknown, index: number, path: string[]}} mine
 * @param {number} size
 * @param {string} root
 * @returns {Promise<boolean>}
 */
export async function inCloseList(mine, size, root) {
  const path = mine.path.map((hash) => fromB64u(hash, 32));
  return verifyInclusion(await leafHash(jcs(mine.entry)), mine.index, size, path, fromB64u(root, 32));
}

