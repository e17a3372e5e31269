// @ts-check
/**
 * Wrapping a 32-byte secret for one person under suite `intl-1`: `hpke-p256`, and `rsa-oaep-256` for legacy tokens.
 * The context (32 bytes) binds a stanza to its envelope and its place, so that it cannot be moved elsewhere.
 */
import { b64u } from './bytes.js';
import { Refusal, must } from './errors.js';
import { sha256 } from './hash.js';
import { hpkeOpen, hpkeSeal } from './hpke.js';

/** @typedef {'hpke-p256' | 'rsa-oaep-256'} WrapAlgorithm */
/** @typedef {{a: WrapAlgorithm, spki: Uint8Array}} WrapPublic the algorithm and the public key as SPKI DER */
/**
 * A private key that can open stanzas. The key itself never leaves WebCrypto.
 * @typedef {object} WrapPrivate
 * @property {WrapAlgorithm} a
 * @property {CryptoKey} privateKey
 * @property {Uint8Array} publicRaw the uncompressed point; empty for RSA
 * @property {Uint8Array} spki
 * @property {string} kid
 */

const RSA = { name: 'RSA-OAEP', hash: 'SHA-256' };
const ECDH = { name: 'ECDH', namedCurve: 'P-256' };
const EMPTY = new Uint8Array(0);

/**
 * Key id: the first 16 bytes of the hash of the SPKI.
 * @param {Uint8Array} spki
 * @returns {Promise<string>}
 */
export async function kid(spki) {
  return b64u((await sha256(spki)).slice(0, 16));
}

/**
 * The uncompressed point of a P-256 public key.
 * @param {Uint8Array} spki
 * @returns {Promise<Uint8Array>}
 */
export async function rawPoint(spki) {
  try {
    const key = await crypto.subtle.importKey('spki', spki, ECDH, true, []);
    return new Uint8Array(await crypto.subtle.exportKey('raw', key));
  } catch {
    throw new Refusal('key', 'not a P-256 public key');
  }
}

/**
 * Wraps a secret.
 * @param {WrapPublic} key
 * @param {Uint8Array} context 32 bytes
 * @param {Uint8Array} secret 32 bytes
 * @returns {Promise<{enc: Uint8Array, ct: Uint8Array}>} `enc` is empty for RSA
 */
export async function wrap(key, context, secret) {
  must(context.length === 32 && secret.length === 32, 'wrap', 'context and secret are 32 bytes');
  if (key.a === 'hpke-p256') return hpkeSeal(await rawPoint(key.spki), context, secret);
  must(key.a === 'rsa-oaep-256', 'wrap', 'algorithm');
  const handle = await crypto.subtle.importKey('spki', key.spki, RSA, false, ['encrypt']);
  const ct = await crypto.subtle.encrypt({ name: 'RSA-OAEP', label: context }, handle, secret);
  return { enc: EMPTY, ct: new Uint8Array(ct) };
}

/**
 * Unwraps a secret.
 * @param {WrapPrivate} key
 * @param {Uint8Array} context
 * @param {Uint8Array} enc
 * @param {Uint8Array} ct
 * @returns {Promise<Uint8Array>} 32 bytes
 * @throws {Refusal} `unwrap`
 */
export async function unwrap(key, context, enc, ct) {
  let secret;
  if (key.a === 'hpke-p256') {
    secret = await hpkeOpen(key, context, enc, ct);
  } else {
    must(key.a === 'rsa-oaep-256' && enc.length === 0, 'unwrap', 'algorithm');
    try {
      secret = new Uint8Array(await crypto.subtle.decrypt({ name: 'RSA-OAEP', label: context }, key.privateKey, ct));
    } catch {
      throw new Refusal('unwrap', 'wrong key or altered stanza');
    }
  }
  must(secret.length === 32, 'unwrap', 'wrong length');
  return secret;
}
