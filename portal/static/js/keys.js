// @ts-check
/**
 * Private keys of people, as they are made, protected by a passphrase and read back. A key at rest is PKCS#8 under
 * PBES2 (RFC 8018): PBKDF2-HMAC-SHA-256 with at least 600 000 rounds and AES-256-CBC, which OpenSSL opens too. Keys in
 * memory are WebCrypto handles that cannot be exported.
 */
import { concat, equal, fromB64, fromHex, randomBytes, toNumber, utf8 } from './bytes.js';
import { INTEGER, NULL, OCTETS, OID, SEQUENCE, children, der, derInteger, readAll } from './der.js';
import { Refusal, must } from './errors.js';
import { kid } from './wrap.js';

export const MIN_ROUNDS = 600_000;
export const MAX_ROUNDS = 10_000_000;
const ECDH = { name: 'ECDH', namedCurve: 'P-256' };
const ECDSA = { name: 'ECDSA', namedCurve: 'P-256' };
/** SubjectPublicKeyInfo of a P-256 key up to its point (RFC 5480). */
const SPKI_PREFIX = fromHex('3059301306072a8648ce3d020106082a8648ce3d030107034200');
const PBES2 = fromHex('2a864886f70d01050d');
const PBKDF2 = fromHex('2a864886f70d01050c');
const HMAC_SHA256 = fromHex('2a864886f70d0209');
const AES256_CBC = fromHex('60864801650304012a');

/** @typedef {import('./wrap.js').WrapPrivate} WrapPrivate */
/**
 * A P-256 key of one person: one handle that unwraps, one that signs.
 * @typedef {{spki: Uint8Array, kid: string, unwrapping: WrapPrivate, signing: CryptoKey}} PersonKey
 */

/**
 * Makes a P-256 key and returns it as unprotected PKCS#8, to be protected at once.
 * @returns {Promise<Uint8Array>}
 */
export async function generate() {
  const pair = /** @type {CryptoKeyPair} */ (await crypto.subtle.generateKey(ECDH, true, ['deriveBits']));
  return new Uint8Array(await crypto.subtle.exportKey('pkcs8', pair.privateKey));
}

/**
 * Handles for a P-256 key.
 * @param {Uint8Array} pkcs8
 * @returns {Promise<PersonKey>}
 * @throws {Refusal} `key`
 */
export async function load(pkcs8) {
  try {
    // The point is read from a short-lived handle that may be exported; the handles that stay may not.
    const open = await crypto.subtle.importKey('pkcs8', pkcs8, ECDH, true, ['deriveBits']);
    const { x, y } = await crypto.subtle.exportKey('jwk', open);
    const publicRaw = concat(Uint8Array.of(4), fromJwk(x), fromJwk(y));
    const spki = concat(SPKI_PREFIX, publicRaw);
    const name = await kid(spki);
    const privateKey = await crypto.subtle.importKey('pkcs8', pkcs8, ECDH, false, ['deriveBits']);
    const signing = await crypto.subtle.importKey('pkcs8', pkcs8, ECDSA, false, ['sign']);
    return { spki, kid: name, unwrapping: { a: 'hpke-p256', privateKey, publicRaw, spki, kid: name }, signing };
  } catch {
    throw new Refusal('key', 'not a P-256 private key');
  }
}

/** @param {string | undefined} coordinate */
function fromJwk(coordinate) {
  const text = (coordinate ?? '').replaceAll('-', '+').replaceAll('_', '/');
  const out = fromB64(text + '='.repeat((4 - (text.length % 4)) % 4));
  must(out.length === 32, 'key');
  return out;
}

/**
 * 32 key bytes from a passphrase. The passphrase is NFC-normalised, so that one typed on another system still fits.
 * @param {string} passphrase
 * @param {Uint8Array} salt
 * @param {number} rounds
 * @returns {Promise<Uint8Array>}
 * @throws {Refusal} `passphrase` if it is empty, `key` if the protection is too weak or too costly
 */
export async function passphraseKey(passphrase, salt, rounds) {
  must(passphrase !== '', 'passphrase', 'empty');
  must(salt.length >= 8 && Number.isInteger(rounds) && rounds >= MIN_ROUNDS && rounds <= MAX_ROUNDS, 'key', 'rounds');
  const base = await crypto.subtle.importKey('raw', utf8(passphrase.normalize('NFC')), 'PBKDF2', false, ['deriveBits']);
  const parameters = { name: 'PBKDF2', hash: 'SHA-256', salt, iterations: rounds };
  return new Uint8Array(await crypto.subtle.deriveBits(parameters, base, 256));
}

/**
 * Protects a private key with a passphrase.
 * @param {Uint8Array} pkcs8
 * @param {string} passphrase
 * @param {number} [rounds]
 * @returns {Promise<Uint8Array>} EncryptedPrivateKeyInfo, DER
 */
export async function protect(pkcs8, passphrase, rounds = MIN_ROUNDS) {
  const salt = randomBytes(16);
  const iv = randomBytes(16);
  const key = await cbcKey(passphrase, salt, rounds, 'encrypt');
  const data = new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-CBC', iv }, key, pkcs8));
  const prf = der(SEQUENCE, der(OID, HMAC_SHA256), der(NULL));
  const derivation = der(SEQUENCE, der(OID, PBKDF2), der(SEQUENCE, der(OCTETS, salt), derInteger(rounds), prf));
  const cipher = der(SEQUENCE, der(OID, AES256_CBC), der(OCTETS, iv));
  const algorithm = der(SEQUENCE, der(OID, PBES2), der(SEQUENCE, derivation, cipher));
  return der(SEQUENCE, algorithm, der(OCTETS, data));
}

/**
 * Takes the protection off a private key.
 * @param {Uint8Array} data EncryptedPrivateKeyInfo, DER
 * @param {string} passphrase
 * @returns {Promise<Uint8Array>} PKCS#8
 * @throws {Refusal} `key` for another or a weaker protection, `passphrase` if it does not open
 */
export async function unprotect(data, passphrase) {
  const { salt, rounds, iv, body } = readProtection(data);
  const key = await cbcKey(passphrase, salt, rounds, 'decrypt');
  let pkcs8;
  try {
    pkcs8 = new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-CBC', iv }, key, body));
    await load(pkcs8); // CBC is not authenticated: only a key that loads was opened by the right passphrase
  } catch {
    throw new Refusal('passphrase', 'does not open this key');
  }
  return pkcs8;
}

/**
 * @param {string} passphrase
 * @param {Uint8Array} salt
 * @param {number} rounds
 * @param {'encrypt' | 'decrypt'} usage
 */
async function cbcKey(passphrase, salt, rounds, usage) {
  const raw = await passphraseKey(passphrase, salt, rounds);
  return crypto.subtle.importKey('raw', raw, 'AES-CBC', false, [usage]);
}

/**
 * Reads the parameters of the one protection that is accepted.
 * @param {Uint8Array} data
 */
function readProtection(data) {
  try {
    const [outer] = readAll(data);
    const [algorithm, body] = children(outer, SEQUENCE, OCTETS);
    const [scheme, parameters] = children(algorithm, OID, SEQUENCE);
    const [derivation, cipher] = children(parameters, SEQUENCE, SEQUENCE);
    const [kdf, numbers] = children(derivation, OID, SEQUENCE);
    const [salt, rounds, ...rest] = readAll(numbers.body);
    const prf = rest[rest.length - 1]; // an optional key length may stand before it
    must(salt.tag === OCTETS && rounds.tag === INTEGER && prf && rest.length <= 2, 'key');
    const [digest, ...none] = readAll(prf.body); // some writers add the NULL that stands for "no parameters"
    must(prf.tag === SEQUENCE && digest.tag === OID && none.every(({ tag }) => tag === NULL), 'key');
    const [encryption, iv] = children(cipher, OID, OCTETS);
    const oids = concat(scheme.body, kdf.body, encryption.body, digest.body);
    must(equal(oids, concat(PBES2, PBKDF2, AES256_CBC, HMAC_SHA256)) && iv.body.length === 16, 'key');
    return { salt: salt.body, rounds: toNumber(rounds.body), iv: iv.body, body: body.body };
  } catch {
    throw new Refusal('key', 'not a private key under the protection used here');
  }
}
