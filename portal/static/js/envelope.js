// @ts-check
/**
 * Sealed envelopes `SBE1`: sealing a file piece by piece, opening it, and recovering its key at the opening. The format
 * and its reasons are in docs/spec/sealing.md. A pair of key and nonce must never meet two different plaintexts; hence
 * a Sealing remembers the fingerprint of every plaintext chunk and refuses a file that changed under its hands.
 */
import { b64u, concat, equal, fromB64u, randomBytes, toNumber, u64, u8 } from './bytes.js';
import { Refusal, must } from './errors.js';
import { hkdf, label, leafHash, mth, sha256 } from './hash.js';
import {
  CHUNK_FILE, TAG, bidderCommitment, bothKey, bytesSource, coreHash, encodeHead, hasBidder, hasTrustees, keyCommitment,
  parseHeader, shareCommitment, wrapContext,
} from './header.js';
import { combine32, split32 } from './shamir.js';
import { kid, unwrap, wrap } from './wrap.js';

export { blobSource, bytesSource, parseHeader } from './header.js';

/** @typedef {import('./header.js').Header} Header */
/** @typedef {import('./header.js').Source} Source */
/** @typedef {import('./header.js').Stanza} Stanza */
/** @typedef {import('./wrap.js').WrapPublic} WrapPublic */
/** @typedef {import('./wrap.js').WrapPrivate} WrapPrivate */
/**
 * What the caller decides about an envelope; nonce and key commitment are made here.
 * @typedef {object} Subject
 * @property {string} suite
 * @property {string} tender
 * @property {string} lot
 * @property {string} slot
 * @property {string} bidder
 * @property {string} ks
 * @property {number} [chunk]
 */
/**
 * An envelope in the making: everything needed to produce chunk j at any time, in any order.
 * @typedef {object} Sealing
 * @property {Header} header
 * @property {Uint8Array} head the first 12+L bytes
 * @property {Uint8Array} headerHash
 * @property {Uint8Array} fk the file key; keep it in the opening file only
 * @property {CryptoKey} key the payload key
 * @property {number} size plaintext length
 * @property {number} chunk
 * @property {number} chunks
 * @property {Map<number, Uint8Array>} seen plaintext fingerprints by chunk number
 */

/**
 * Number of chunks of an envelope.
 * @param {number} size plaintext length
 * @param {number} chunk
 */
export const chunkCount = (size, chunk) => Math.ceil((8 + size) / chunk);

/**
 * Makes keys, shares, stanzas and the header. Nothing is read from the file yet.
 * @param {Subject} subject
 * @param {'bidder' | 'trustees' | 'either' | 'both'} policy
 * @param {WrapPublic[]} bidderKeys
 * @param {WrapPublic[]} trusteeKeys in index order 1…n
 * @param {number} k
 * @param {number} size plaintext length
 * @returns {Promise<Sealing>}
 */
export async function prepare(subject, policy, bidderKeys, trusteeKeys, k, size) {
  const nonce = randomBytes(32);
  const bidderSecret = randomBytes(32);
  const trusteeSecret = policy === 'either' ? bidderSecret : randomBytes(32);
  const fk =
    policy === 'both' ? await bothKey(bidderSecret, trusteeSecret, nonce)
    : policy === 'trustees' ? trusteeSecret : bidderSecret;
  const core = {
    v: 1, suite: subject.suite, policy, tender: subject.tender, lot: subject.lot, slot: subject.slot,
    bidder: subject.bidder, ks: subject.ks, chunk: subject.chunk ?? CHUNK_FILE, nonce: b64u(nonce),
    kc: b64u(await keyCommitment(fk, nonce)),
  };
  const hash = await coreHash(core);
  /** @type {Header} */
  const header = { core };
  if (hasBidder(header)) {
    header.sbc = b64u(await bidderCommitment(hash, bidderSecret));
    header.bk = [];
    for (const [j, key] of bidderKeys.entries()) {
      header.bk.push(await stanza(key, await wrapContext(hash, 'bidder', j), bidderSecret));
    }
  }
  if (hasTrustees(header)) {
    header.k = k;
    header.tk = [];
    for (const [i, share] of split32(trusteeSecret, k, trusteeKeys.length)) {
      const wrapped = await stanza(trusteeKeys[i - 1], await wrapContext(hash, 'trustee', i), share);
      header.tk.push({ ...wrapped, i, sc: b64u(await shareCommitment(hash, i, share)) });
    }
  }
  return sealing(encodeHead(header), fk, size);
}

/**
 * @param {WrapPublic} key
 * @param {Uint8Array} context
 * @param {Uint8Array} secret
 * @returns {Promise<Stanza>}
 */
async function stanza(key, context, secret) {
  const { enc, ct } = await wrap(key, context, secret);
  return { a: key.a, kid: await kid(key.spki), enc: b64u(enc), ct: b64u(ct) };
}

/**
 * Takes up an envelope again from its head and its file key. Whoever goes on sealing must first show that the plaintext
 * is the one of before, by the envelope id.
 * @param {Uint8Array} head
 * @param {Uint8Array} fk
 * @param {number} size plaintext length
 * @returns {Promise<Sealing>}
 * @throws {Refusal} `key-commit` if the key is not this envelope's, or what parsing refuses
 */
export async function sealing(head, fk, size) {
  const { header } = await parseHeader(bytesSource(head)); // what we made must pass what everybody checks
  await checkKey(header, fk);
  const headerHash = await sha256(head);
  const { chunk } = header.core;
  const key = await payloadKey(fk, headerHash);
  return { header, head, headerHash, fk, key, size, chunk, chunks: chunkCount(size, chunk), seen: new Map() };
}

/**
 * Plaintext of chunk j: `u64 length ‖ data ‖ zeros`, cut into full chunks.
 * @param {Sealing} sealing
 * @param {Source} source
 * @param {number} j
 * @returns {Promise<Uint8Array>}
 */
async function plainChunk(sealing, source, j) {
  const { size, chunk, seen } = sealing;
  must(source.size === size, 'file-changed', 'the size differs');
  const plain = new Uint8Array(chunk);
  if (j === 0) plain.set(u64(size));
  const from = Math.max(0, j * chunk - 8);
  const to = Math.min(size, (j + 1) * chunk - 8);
  if (to > from) {
    const data = await source.read(from, to);
    must(data.length === to - from, 'file-changed', 'the file became shorter');
    plain.set(data, from + 8 - j * chunk);
  }
  const mark = await sha256(plain);
  const before = seen.get(j);
  must(!before || equal(before, mark), 'file-changed', `chunk ${j} differs`);
  seen.set(j, mark);
  return plain;
}

/**
 * Seals chunk j.
 * @param {Sealing} sealing
 * @param {Source} source
 * @param {number} j
 * @returns {Promise<{bytes: Uint8Array, leaf: Uint8Array}>} ciphertext with tag, and its leaf hash
 */
export async function sealChunk(sealing, source, j) {
  const plain = await plainChunk(sealing, source, j);
  const iv = chunkNonce(j, j === sealing.chunks - 1);
  const bytes = new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, sealing.key, plain));
  return { bytes, leaf: await leafHash(bytes) };
}

/**
 * Seals a whole file in order.
 * @param {Sealing} sealing from `prepare`
 * @param {Source} source
 * @param {(bytes: Uint8Array, j: number, leaf: Uint8Array) => Promise<void> | void} write gets every chunk
 * @param {(done: number, of: number) => void} [progress] plaintext bytes
 * @returns {Promise<Uint8Array>} the envelope id
 */
export async function seal(sealing, source, write, progress) {
  const leaves = [];
  for (let j = 0; j < sealing.chunks; j++) {
    const { bytes, leaf } = await sealChunk(sealing, source, j);
    await write(bytes, j, leaf);
    leaves.push(leaf);
    progress?.(Math.min(sealing.size, (j + 1) * sealing.chunk - 8), sealing.size);
  }
  return envelopeId(sealing.headerHash, leaves);
}

/**
 * The envelope id over head and chunk leaves.
 * @param {Uint8Array} headerHash
 * @param {Uint8Array[]} leaves
 */
export async function envelopeId(headerHash, leaves) {
  return sha256(label('SBE1', 'envelope'), headerHash, await mth(leaves), u64(leaves.length));
}

/**
 * @param {Uint8Array} fk
 * @param {Uint8Array} headerHash
 */
async function payloadKey(fk, headerHash) {
  const raw = await hkdf(fk, headerHash, label('SBE1', 'payload'), 32);
  return crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt']);
}

/**
 * Nonce of chunk j: an 88-bit counter and one byte that marks the last chunk.
 * @param {number} j
 * @param {boolean} last
 */
const chunkNonce = (j, last) => concat(new Uint8Array(3), u64(j), u8(last ? 1 : 0));

/**
 * Number of chunks in the body of an envelope; a body that is not made of full chunks is refused.
 * @param {number} bytes
 * @param {number} chunk
 */
function bodyChunks(bytes, chunk) {
  const chunks = bytes / (chunk + TAG);
  must(Number.isInteger(chunks) && chunks >= 1, 'truncated');
  return chunks;
}

/**
 * Recomputes the envelope id; needs no key.
 * @param {Source} source
 * @returns {Promise<Uint8Array>}
 */
export async function digestEnvelope(source) {
  const { header, head } = await parseHeader(source);
  const step = header.core.chunk + TAG;
  const chunks = bodyChunks(source.size - head.length, header.core.chunk);
  const leaves = [];
  for (let j = 0; j < chunks; j++) {
    leaves.push(await leafHash(await source.read(head.length + j * step, head.length + (j + 1) * step)));
  }
  return envelopeId(await sha256(head), leaves);
}

/**
 * Opens an envelope with its file key. No byte of plaintext is returned before the last chunk is verified.
 * @param {Source} source
 * @param {Uint8Array} fk
 * @returns {Promise<{eid: Uint8Array, header: Header, data: Blob}>}
 * @throws {Refusal} `key-commit`, `truncated`, `chunk-auth`, `padding` or `length`
 */
export async function openEnvelope(source, fk) {
  const { header, head } = await parseHeader(source);
  await checkKey(header, fk);
  const { chunk } = header.core;
  const chunks = bodyChunks(source.size - head.length, chunk);
  const headerHash = await sha256(head);
  const key = await payloadKey(fk, headerHash);
  const leaves = [];
  const parts = [];
  let left = 0; // plaintext bytes still to come, known from the first chunk
  let filler = 0; // bytes after them: zeros, and fewer than a chunk
  for (let j = 0; j < chunks; j++) {
    const from = head.length + j * (chunk + TAG);
    const bytes = await source.read(from, from + chunk + TAG);
    must(bytes.length === chunk + TAG, 'truncated');
    let plain = await decrypt(key, chunkNonce(j, j === chunks - 1), bytes);
    leaves.push(await leafHash(bytes));
    if (j === 0) {
      left = toNumber(plain.slice(0, 8));
      plain = plain.slice(8);
    }
    const take = Math.min(left, plain.length);
    filler += plain.length - take;
    must(plain.subarray(take).every((byte) => byte === 0) && filler < chunk, 'padding');
    parts.push(plain.subarray(0, take));
    left -= take;
  }
  must(left === 0, 'length');
  return { eid: await envelopeId(headerHash, leaves), header, data: new Blob(parts) };
}

/**
 * @param {CryptoKey} key
 * @param {Uint8Array} iv
 * @param {Uint8Array} bytes
 */
async function decrypt(key, iv, bytes) {
  try {
    return new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, key, bytes));
  } catch {
    throw new Refusal('chunk-auth');
  }
}

/**
 * Checks a file key against the commitment in the header.
 * @param {Header} header
 * @param {Uint8Array} fk
 */
async function checkKey(header, fk) {
  must(fk.length === 32, 'key-commit');
  const expected = fromB64u(header.core.kc, 32);
  must(equal(await keyCommitment(fk, fromB64u(header.core.nonce, 32)), expected), 'key-commit');
}

/**
 * The bidder's own secret from stanza j (from 0).
 * @param {Header} header
 * @param {number} j
 * @param {WrapPrivate} key
 * @returns {Promise<Uint8Array>}
 * @throws {Refusal} `stanza`, `unwrap` or `bidder-secret`
 */
export async function openBidder(header, j, key) {
  const entry = Number.isInteger(j) ? header.bk?.[j] : undefined;
  const hash = await coreHash(header.core);
  const secret = await openStanza(entry, key, await wrapContext(hash, 'bidder', entry ? j : 0));
  must(equal(await bidderCommitment(hash, secret), fromB64u(header.sbc, 32)), 'bidder-secret');
  return secret;
}

/**
 * A trustee's share from stanza i (from 1).
 * @param {Header} header
 * @param {number} i
 * @param {WrapPrivate} key
 * @returns {Promise<Uint8Array>}
 * @throws {Refusal} `stanza`, `unwrap` or `share-commit`
 */
export async function openShare(header, i, key) {
  const entry = Number.isInteger(i) ? header.tk?.[i - 1] : undefined;
  const hash = await coreHash(header.core);
  const share = await openStanza(entry, key, await wrapContext(hash, 'trustee', entry ? i : 0));
  must(equal(await shareCommitment(hash, i, share), fromB64u(entry?.sc, 32)), 'share-commit');
  return share;
}

/**
 * @param {Stanza | undefined} entry
 * @param {WrapPrivate} key
 * @param {Uint8Array} context
 */
async function openStanza(entry, key, context) {
  must(entry, 'stanza');
  must(entry.a === key.a, 'unwrap', 'a key for another algorithm');
  return unwrap(key, context, fromB64u(entry.enc), fromB64u(entry.ct));
}

/**
 * Puts the file key together from what bidder and trustees released, checking each part against the header first, so
 * that a wrong part is blamed on who gave it.
 * @param {Header} header
 * @param {{bidderSecret?: Uint8Array | null, shares?: [number, Uint8Array][] | null}} parts more than k shares are
 *   checked, and the k of lowest index are used
 * @returns {Promise<Uint8Array>}
 * @throws {Refusal} `bidder-secret`, `policy`, `share-index`, `share-commit`, `share-duplicate`, `share-count`,
 *   `policy` or `key-commit`
 */
export async function recoverFileKey(header, { bidderSecret = null, shares = null }) {
  const hash = await coreHash(header.core);
  if (bidderSecret && hasBidder(header)) {
    const commitment = await bidderCommitment(hash, bidderSecret);
    must(bidderSecret.length === 32 && equal(commitment, fromB64u(header.sbc, 32)), 'bidder-secret');
  }
  must(!bidderSecret || hasBidder(header), 'policy', 'this envelope has no bidder part');
  must(!shares || hasTrustees(header), 'policy', 'this envelope has no trustee part');
  const trusteeSecret = shares ? await combineChecked(header, hash, shares) : null;
  const candidates = [];
  if (header.core.policy === 'both') {
    must(bidderSecret && trusteeSecret, 'policy', 'both parts are needed');
    candidates.push(await bothKey(bidderSecret, trusteeSecret, fromB64u(header.core.nonce, 32)));
  } else {
    for (const secret of [bidderSecret, trusteeSecret]) if (secret) candidates.push(secret);
    must(candidates.length > 0, 'policy', 'a needed part is missing');
  }
  // All candidates must fit, so that no envelope opens to one bid by its bidder and to another by the trustees.
  for (const fk of candidates) await checkKey(header, fk);
  return candidates[0];
}

/**
 * @param {Header} header
 * @param {Uint8Array} hash
 * @param {[number, Uint8Array][]} shares
 */
async function combineChecked(header, hash, shares) {
  const stanzas = header.tk ?? [];
  for (const [i] of shares) must(Number.isInteger(i) && i >= 1 && i <= stanzas.length, 'share-index');
  for (const [i, share] of shares) {
    must(share instanceof Uint8Array && share.length === 32, 'share-commit');
    must(equal(await shareCommitment(hash, i, share), fromB64u(stanzas[i - 1].sc, 32)), 'share-commit');
  }
  must(new Set(shares.map(([i]) => i)).size === shares.length, 'share-duplicate');
  const k = header.k ?? 0;
  must(shares.length >= k, 'share-count');
  return combine32([...shares].sort((a, b) => a[0] - b[0]).slice(0, k), k);
}
