// @ts-check
/**
 * The bidder's opening file (.sbk): the bid key and the file key of every slot, under a passphrase. It exists on the
 * bidder's side only. Keeping the file keys harms nobody (it is the bidder's own bid) and is the way out when trustees
 * fail. Format: docs/spec/sealing.md, "Opening file".
 */
import { b64u, fromB64u, randomBytes } from './bytes.js';
import { hasExactly, jcs, parse } from './canonical.js';
import { Refusal, must } from './errors.js';
import { MIN_ROUNDS, passphraseKey } from './keys.js';

const DERIVATION = 'pbkdf2-hmac-sha256';

/** @typedef {{slot: string, eid: Uint8Array, fk: Uint8Array}} SlotKey */
/**
 * `key` is the bid key in PKCS#8.
 * @typedef {{tender: string, lot: string, bidder: string, key: Uint8Array, slots: SlotKey[]}} OpeningFile
 */

/**
 * Encrypts an opening file.
 * @param {OpeningFile} content
 * @param {string} passphrase
 * @returns {Promise<Uint8Array>}
 */
export async function writeSbk(content, passphrase) {
  const salt = randomBytes(16);
  const nonce = randomBytes(12);
  const outer = {
    v: 1, type: 'bid.sbk', suite: 'intl-1', kdf: { a: DERIVATION, salt: b64u(salt), n: MIN_ROUNDS }, nonce: b64u(nonce),
  };
  const { tender, lot, bidder, key, slots } = content;
  const inner = {
    v: 1, tender, lot, bidder, key: b64u(key),
    slots: slots.map(({ slot, eid, fk }) => ({ slot, eid: b64u(eid), fk: b64u(fk) })),
  };
  const handle = await aesKey(passphrase, salt, MIN_ROUNDS, 'encrypt');
  const parameters = { name: 'AES-GCM', iv: nonce, additionalData: jcs(outer) };
  const ct = new Uint8Array(await crypto.subtle.encrypt(parameters, handle, jcs(inner)));
  return jcs({ ...outer, ct: b64u(ct) });
}

/**
 * Decrypts an opening file.
 * @param {Uint8Array} data
 * @param {string} passphrase
 * @returns {Promise<OpeningFile>}
 * @throws {Refusal} `sbk-format`, `sbk-passphrase`, or `key` for a weak or absurd derivation
 */
export async function readSbk(data, passphrase) {
  const { outer, salt, rounds, nonce, ct } = readOuter(data);
  const handle = await aesKey(passphrase, salt, rounds, 'decrypt');
  let plain;
  try {
    const parameters = { name: 'AES-GCM', iv: nonce, additionalData: jcs(outer) };
    plain = new Uint8Array(await crypto.subtle.decrypt(parameters, handle, ct));
  } catch {
    throw new Refusal('sbk-passphrase');
  }
  try {
    const inner = parse(plain);
    must(hasExactly(inner, ['v', 'tender', 'lot', 'bidder', 'key', 'slots']) && inner.v === 1, 'sbk-format');
    const slots = inner.slots.map((/** @type {any} */ item) => {
      must(hasExactly(item, ['slot', 'eid', 'fk']), 'sbk-format');
      return { slot: item.slot, eid: fromB64u(item.eid, 32), fk: fromB64u(item.fk, 32) };
    });
    return { tender: inner.tender, lot: inner.lot, bidder: inner.bidder, key: fromB64u(inner.key), slots };
  } catch {
    throw new Refusal('sbk-format');
  }
}

/** @param {Uint8Array} data */
function readOuter(data) {
  try {
    const { ct, ...outer } = parse(data);
    must(hasExactly(outer, ['v', 'type', 'suite', 'kdf', 'nonce']), 'sbk-format');
    must(outer.v === 1 && outer.type === 'bid.sbk' && outer.suite === 'intl-1', 'sbk-format');
    must(hasExactly(outer.kdf, ['a', 'salt', 'n']) && outer.kdf.a === DERIVATION, 'sbk-format');
    const { salt, n } = outer.kdf;
    return { outer, salt: fromB64u(salt), rounds: n, nonce: fromB64u(outer.nonce, 12), ct: fromB64u(ct) };
  } catch {
    throw new Refusal('sbk-format', 'this is not an opening file');
  }
}

/**
 * @param {string} passphrase
 * @param {Uint8Array} salt
 * @param {number} rounds
 * @param {'encrypt' | 'decrypt'} usage
 */
async function aesKey(passphrase, salt, rounds, usage) {
  return crypto.subtle.importKey('raw', await passphraseKey(passphrase, salt, rounds), 'AES-GCM', false, [usage]);
}
