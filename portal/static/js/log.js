// @ts-check
/**
 * The append-only log as its readers see it: inclusion and consistency proofs (RFC 9162 sections 2.1.3.2 and 2.1.4.2),
 * checkpoints (C2SP tlog-checkpoint in a signed note), witness cosignatures, and the receipt of a bid.
 */
import { equal, fromB64, fromB64u, fromUtf8, hex, isWellFormed, toNumber, utf8 } from './bytes.js';
import { hasExactly, jcs, parse } from './canonical.js';
import { Refusal, must } from './errors.js';
import { label, leafHash, nodeHash, sha256 } from './hash.js';
import { verifyBytes, verifyEd25519 } from './jws.js';

const LOG_KEY = 0x01;
const WITNESS_KEY = 0x04;
const CANONICAL_SIZE = /^(?:0|[1-9][0-9]{0,18})$/;
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f]/;
const MAX_NOTE = 1 << 16;
const INSTANT = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$/;
const RECEIPT_TYP = 'otp-receipt+jws';
const RECEIPT_KINDS = ['bid.accepted', 'bid.withdrawn'];
const HEADER = ['alg', 'typ', 'kid'];

/** @typedef {{name: string, id: string, type: number, raw: Uint8Array}} NoteKey */
/** @typedef {{name: string, data: Uint8Array}} NoteSignature */
/**
 * A tree head. `times` are those of verified cosignatures, in seconds since 1970; empty when only the form was read.
 * @typedef {object} Checkpoint
 * @property {string} origin
 * @property {number} size
 * @property {Uint8Array} root
 * @property {string} text
 * @property {NoteSignature[]} signatures
 * @property {number[]} times
 */
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
  // A proof from the empty tree would prove nothing about its other side.
  if (!isIndex(m) || !isIndex(n) || m === 0 || m > n || !isPath(path)) return false;
  if (m === n) return path.length === 0 && equal(rootM, rootN);
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
 * Takes a checkpoint apart. Nothing is verified yet. There is one spelling for everything: no carriage returns, no line
 * twice, no lines beyond origin, size and root.
 * @param {unknown} note
 * @returns {Checkpoint}
 * @throws {Refusal} `checkpoint-format`
 */
export function parseCheckpoint(note) {
  try {
    must(typeof note === 'string' && note.length <= MAX_NOTE && isWellFormed(note), 'checkpoint-format');
    must(!CONTROL.test(note) && note.endsWith('\n'), 'checkpoint-format');
    const cut = note.lastIndexOf('\n\n');
    must(cut > 0, 'checkpoint-format');
    const text = note.slice(0, cut + 1);
    const [origin, size, root, ...more] = text.slice(0, -1).split('\n');
    must(more.length === 0 && origin !== '' && CANONICAL_SIZE.test(size), 'checkpoint-format');
    const lines = note.slice(cut + 2, -1).split('\n');
    must(lines.length <= 64 && new Set(lines).size === lines.length, 'checkpoint-format');
    const hash = fromB64(root);
    must(hash.length === 32, 'checkpoint-format');
    const signatures = lines.map(parseSignature);
    return { origin, size: Number(size), root: hash, text, signatures, times: [] };
  } catch {
    throw new Refusal('checkpoint-format');
  }
}

/** @param {string} line @returns {NoteSignature} */
function parseSignature(line) {
  const match = /^— ([^\s+]+) (\S+)$/u.exec(line);
  must(match, 'checkpoint-format');
  const data = fromB64(match[2]);
  must(data.length >= 5, 'checkpoint-format');
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
  must(hex(id) === match[2] && body.length === 33, 'trust', 'verifier key');
  return { name: match[1], id: match[2], type: body[0], raw: body.slice(1) };
}

/**
 * The keys of a list that have signed. Signatures of unknown keys are ignored, as the format demands; one that bears
 * the name and id of a known key and does not verify condemns the note.
 * @param {Checkpoint} checkpoint
 * @param {string[]} vkeys
 * @param {number} type
 * @param {string} code
 * @returns {Promise<Map<string, Uint8Array>>} signature by key
 */
async function signers(checkpoint, vkeys, type, code) {
  const found = new Map();
  for (const vkey of vkeys) {
    const key = await parseNoteKey(vkey);
    must(key.type === type, 'trust', 'verifier key');
    for (const { name, data } of checkpoint.signatures) {
      if (name !== key.name || hex(data.slice(0, 4)) !== key.id) continue;
      must(await verifySignature(key, checkpoint.text, data.slice(4)), code);
      found.set(hex(key.raw), data.slice(4));
    }
  }
  return found;
}

/**
 * The log signs the text; a witness signs the text after a line with the time at which it saw it.
 * @param {NoteKey} key
 * @param {string} text
 * @param {Uint8Array} value
 */
async function verifySignature(key, text, value) {
  if (key.type === LOG_KEY) return verifyEd25519(key.raw, utf8(text), value);
  const time = BigInt(`0x${hex(value.slice(0, 8))}`);
  return verifyEd25519(key.raw, utf8(`cosignature/v1\ntime ${time}\n${text}`), value.slice(8));
}

/**
 * Verifies a checkpoint against a trust file.
 * @param {unknown} note
 * @param {Trust} trust
 * @returns {Promise<Checkpoint>}
 * @throws {Refusal} `checkpoint-format`, `checkpoint-origin`, `checkpoint-signature` or `witness`
 */
export async function verifyCheckpoint(note, trust) {
  const checkpoint = parseCheckpoint(note);
  must(checkpoint.origin === trust.origin, 'checkpoint-origin');
  const logs = await signers(checkpoint, trust.log_keys, LOG_KEY, 'checkpoint-signature');
  must(logs.size > 0, 'checkpoint-signature');
  const witnesses = await signers(checkpoint, trust.witness_keys, WITNESS_KEY, 'witness');
  must(witnesses.size >= trust.witness_quorum, 'witness');
  return { ...checkpoint, times: [...witnesses.values()].map((value) => toNumber(value.slice(0, 8))) };
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
  const { header, detail } = await signedDetail(bundle?.receipt, trust);
  passed('signature');
  must(header.typ === RECEIPT_TYP && Object.keys(header).every((name) => HEADER.includes(name)), 'receipt-type');
  must(detail?.v === 1 && RECEIPT_KINDS.includes(detail.type), 'receipt-type');
  passed('type');
  const checkpoint = await verifyProof(detail, bundle, trust);
  for (const step of ['entry', 'checkpoint', 'witness', 'inclusion']) passed(step);
  return { detail, checkpoint };
}

/**
 * The detail of a receipt that a key of the platform has signed. Signature first; the algorithm is that of the trust
 * file's key. The header may be spelled as the signer's library does, the payload may not.
 * @param {unknown} token
 * @param {Trust} trust
 * @returns {Promise<{header: any, detail: any}>}
 * @throws {Refusal} `receipt-signature`
 */
async function signedDetail(token, trust) {
  try {
    const parts = String(token).split('.');
    must(typeof token === 'string' && parts.length === 3, 'receipt-signature');
    const [head, payload, signature] = parts.map((part) => fromB64u(part));
    const header = JSON.parse(fromUtf8(head));
    const signed = utf8(`${parts[0]}.${parts[1]}`);
    for (const key of trust.platform_keys) {
      if (key.alg !== 'EdDSA' || header.alg !== key.alg || (header.kid ?? key.kid) !== key.kid) continue;
      if (await verifyBytes('EdDSA', fromB64u(key.spki), signed, signature)) return { header, detail: parse(payload) };
    }
  } catch (error) {
    if (error instanceof Refusal && error.code === 'unsupported') throw error;
  }
  throw new Refusal('receipt-signature');
}

/**
 * An entry has exactly its five members, each of its form.
 * @param {any} entry
 * @throws {Refusal} `entry-digest`
 */
export function checkEntry(entry) {
  must(hasExactly(entry, ['v', 'type', 'at', 'digest', 'salt']) && entry.v === 1, 'entry-digest');
  must(typeof entry.type === 'string' && entry.type !== '' && isInstant(entry.at), 'entry-digest');
  bytesOf(entry.digest, 32, 'entry-digest');
  bytesOf(entry.salt, 16, 'entry-digest');
}

/**
 * True for an instant written `YYYY-MM-DDTHH:MM:SS.mmmZ` that exists.
 * @param {unknown} text
 */
export function isInstant(text) {
  if (typeof text !== 'string' || !INSTANT.test(text)) return false;
  const time = new Date(text);
  return !Number.isNaN(time.getTime()) && time.toISOString() === text;
}

/**
 * Proof hashes from their JSON form.
 * @param {unknown} path
 * @returns {Uint8Array[]}
 * @throws {Refusal} `inclusion`
 */
export function readPath(path) {
  must(Array.isArray(path), 'inclusion');
  return path.map((hash) => bytesOf(hash, 32, 'inclusion'));
}

/**
 * @param {unknown} text
 * @param {number} size
 * @param {string} code
 */
function bytesOf(text, size, code) {
  try {
    return fromB64u(text, size);
  } catch {
    throw new Refusal(code);
  }
}

/**
 * Verifies that the log holds a detail.
 * @param {any} detail
 * @param {any} proof `{entry, index, size, path, checkpoint}`
 * @param {Trust} trust
 * @returns {Promise<Checkpoint>}
 * @throws {Refusal} `entry-digest`, the codes of a checkpoint, `checkpoint-size` or `inclusion`
 */
export async function verifyProof(detail, proof, trust) {
  const { entry } = proof ?? {};
  checkEntry(entry);
  must(equal(await detailDigest(detail), bytesOf(entry.digest, 32, 'entry-digest')), 'entry-digest');
  const checkpoint = await verifyCheckpoint(proof.checkpoint, trust);
  must(proof.size === checkpoint.size, 'checkpoint-size');
  const leaf = await leafHash(jcs(entry));
  const held = await verifyInclusion(leaf, proof.index, proof.size, readPath(proof.path), checkpoint.root);
  must(held, 'inclusion');
  return checkpoint;
}
