// @ts-check
/**
 * HPKE (RFC 9180), base mode, one message per context: DHKEM(P-256, HKDF-SHA256) 0x0010, HKDF-SHA256 0x0001,
 * AES-256-GCM 0x0002. Names follow the RFC so that a reader can lay it beside this file.
 */
import { concat, u16, utf8 } from './bytes.js';
import { Refusal, must } from './errors.js';
import { hkdfExpand, hkdfExtract } from './hash.js';

const VERSION = utf8('HPKE-v1');
const KEM_SUITE = concat(utf8('KEM'), u16(0x0010));
const HPKE_SUITE = concat(utf8('HPKE'), u16(0x0010), u16(0x0001), u16(0x0002));
const EMPTY = new Uint8Array(0);
const CURVE = { name: 'ECDH', namedCurve: 'P-256' };

/** @typedef {{privateKey: CryptoKey, publicRaw: Uint8Array}} Recipient a private ECDH key and its 65-byte point */

/**
 * @param {Uint8Array} suite
 * @param {Uint8Array} salt
 * @param {string} name
 * @param {Uint8Array} ikm
 */
const labeledExtract = (suite, salt, name, ikm) => hkdfExtract(salt, concat(VERSION, suite, utf8(name), ikm));

/**
 * @param {Uint8Array} suite
 * @param {Uint8Array} prk
 * @param {string} name
 * @param {Uint8Array} info
 * @param {number} length
 */
const labeledExpand = (suite, prk, name, info, length) =>
  hkdfExpand(prk, concat(u16(length), VERSION, suite, utf8(name), info), length);

/**
 * Imports an uncompressed P-256 point. WebCrypto refuses points that are not on the curve.
 * @param {Uint8Array} raw
 * @returns {Promise<CryptoKey>}
 */
export async function importPoint(raw) {
  must(raw.length === 65 && raw[0] === 4, 'unwrap', 'not an uncompressed P-256 point');
  try {
    return await crypto.subtle.importKey('raw', raw, CURVE, true, []);
  } catch {
    throw new Refusal('unwrap', 'not a point of P-256');
  }
}

/**
 * ExtractAndExpand of section 4.1.
 * @param {CryptoKey} privateKey
 * @param {CryptoKey} publicKey
 * @param {Uint8Array} enc
 * @param {Uint8Array} recipient
 */
async function sharedSecret(privateKey, publicKey, enc, recipient) {
  const dh = new Uint8Array(await crypto.subtle.deriveBits({ name: 'ECDH', public: publicKey }, privateKey, 256));
  const eaePrk = await labeledExtract(KEM_SUITE, EMPTY, 'eae_prk', dh);
  return labeledExpand(KEM_SUITE, eaePrk, 'shared_secret', concat(enc, recipient), 32);
}

/**
 * KeySchedule of section 5.1 for mode_base; the sequence number stays 0, so the base nonce is the nonce.
 * @param {Uint8Array} secret
 * @param {Uint8Array} info
 * @returns {Promise<{key: Uint8Array, nonce: Uint8Array}>}
 */
async function keySchedule(secret, info) {
  const pskIdHash = await labeledExtract(HPKE_SUITE, EMPTY, 'psk_id_hash', EMPTY);
  const infoHash = await labeledExtract(HPKE_SUITE, EMPTY, 'info_hash', info);
  const context = concat(Uint8Array.of(0), pskIdHash, infoHash);
  const prk = await labeledExtract(HPKE_SUITE, secret, 'secret', EMPTY);
  return {
    key: await labeledExpand(HPKE_SUITE, prk, 'key', context, 32),
    nonce: await labeledExpand(HPKE_SUITE, prk, 'base_nonce', context, 12),
  };
}

/**
 * Seals a message to a public key.
 * @param {Uint8Array} recipientRaw the recipient's 65-byte point
 * @param {Uint8Array} info
 * @param {Uint8Array} plaintext
 * @param {Uint8Array} [aad]
 * @returns {Promise<{enc: Uint8Array, ct: Uint8Array}>}
 */
export async function hpkeSeal(recipientRaw, info, plaintext, aad = EMPTY) {
  const recipient = await importPoint(recipientRaw);
  const pair = /** @type {CryptoKeyPair} */ (await crypto.subtle.generateKey(CURVE, true, ['deriveBits']));
  const enc = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
  const { key, nonce } = await keySchedule(await sharedSecret(pair.privateKey, recipient, enc, recipientRaw), info);
  const handle = await crypto.subtle.importKey('raw', key, 'AES-GCM', false, ['encrypt']);
  const parameters = { name: 'AES-GCM', iv: nonce, additionalData: aad };
  return { enc, ct: new Uint8Array(await crypto.subtle.encrypt(parameters, handle, plaintext)) };
}

/**
 * Opens a message with a private key.
 * @param {Recipient} recipient
 * @param {Uint8Array} info
 * @param {Uint8Array} enc
 * @param {Uint8Array} ct
 * @param {Uint8Array} [aad]
 * @returns {Promise<Uint8Array>}
 * @throws {Refusal} `unwrap` for any input that does not open
 */
export async function hpkeOpen(recipient, info, enc, ct, aad = EMPTY) {
  const sender = await importPoint(enc);
  const secret = await sharedSecret(recipient.privateKey, sender, enc, recipient.publicRaw);
  const { key, nonce } = await keySchedule(secret, info);
  const handle = await crypto.subtle.importKey('raw', key, 'AES-GCM', false, ['decrypt']);
  const parameters = { name: 'AES-GCM', iv: nonce, additionalData: aad };
  try {
    return new Uint8Array(await crypto.subtle.decrypt(parameters, handle, ct));
  } catch {
    throw new Refusal('unwrap', 'wrong key or altered stanza');
  }
}
