// @ts-check
/**
 * Key files that people carry: an e-licence with its certificates (.lic), or the two keys of a trustee (.key). Format:
 * docs/spec/browser.md, "Key files". A file is read on this machine only; what is kept in memory are handles that
 * cannot be exported.
 */
import { b64u, fromB64, fromB64u } from './bytes.js';
import { hasExactly, jcs, parse } from './canonical.js';
import { Refusal, must } from './errors.js';
import { generate, load, protect, unprotect } from './keys.js';

/** @typedef {import('./keys.js').PersonKey} PersonKey */
/**
 * An e-licence, opened.
 * @typedef {object} Licence
 * @property {string} uscc for display; what counts is the certificate
 * @property {string} name
 * @property {import('./jws.js').Signer} signer
 * @property {import('./wrap.js').WrapPrivate} unwrapping the encryption key
 */

/**
 * Opens an e-licence file.
 * @param {Uint8Array} data
 * @param {string} passphrase
 * @returns {Promise<Licence>}
 * @throws {Refusal} `key-file`, `key` or `passphrase`
 */
export async function readLicence(data, passphrase) {
  const { uscc, name, sign, encrypt } = members(data, 'licence.file', ['uscc', 'name', 'sign', 'encrypt']);
  for (const half of [sign, encrypt]) {
    must(hasExactly(half, ['x5c', 'key']) && Array.isArray(half.x5c) && half.x5c.length > 0, 'key-file');
  }
  const signing = await open(sign.key, passphrase);
  const unwrapping = await open(encrypt.key, passphrase);
  const x5c = sign.x5c.map((/** @type {unknown} */ certificate) => fromB64(certificate));
  return { uscc, name, signer: { privateKey: signing.signing, x5c }, unwrapping: unwrapping.unwrapping };
}

/**
 * Makes the two keys of a trustee and their protected file.
 * @param {string} passphrase
 * @returns {Promise<{file: Uint8Array, sign: PersonKey, unwrap: PersonKey}>}
 */
export async function makePersonFile(passphrase) {
  const [sign, unwrap] = [await generate(), await generate()];
  const file = jcs({
    v: 1, type: 'key.file',
    sign: b64u(await protect(sign, passphrase)), unwrap: b64u(await protect(unwrap, passphrase)),
  });
  return { file, sign: await load(sign), unwrap: await load(unwrap) };
}

/**
 * Opens a person's key file.
 * @param {Uint8Array} data
 * @param {string} passphrase
 * @returns {Promise<{sign: PersonKey, unwrap: PersonKey}>}
 * @throws {Refusal} `key-file`, `key` or `passphrase`
 */
export async function readPersonFile(data, passphrase) {
  const { sign, unwrap } = members(data, 'key.file', ['sign', 'unwrap']);
  return { sign: await open(sign, passphrase), unwrap: await open(unwrap, passphrase) };
}

/**
 * @param {unknown} text
 * @param {string} passphrase
 */
async function open(text, passphrase) {
  let protectedKey;
  try {
    protectedKey = fromB64u(text);
  } catch {
    throw new Refusal('key-file');
  }
  return load(await unprotect(protectedKey, passphrase));
}

/**
 * @param {Uint8Array} data
 * @param {string} kind
 * @param {string[]} names
 */
function members(data, kind, names) {
  let value;
  try {
    value = parse(data);
  } catch {
    throw new Refusal('key-file');
  }
  must(hasExactly(value, ['v', 'type', ...names]) && value.v === 1 && value.type === kind, 'key-file');
  return value;
}
