// @ts-check
/**
 * Compact JWS (RFC 7515) with a canonical payload. `typ` is mandatory, one per kind of message; the algorithm is the
 * verifier's choice and never the token's.
 */
import { b64, b64u, concat, fromB64u, utf8 } from './bytes.js';
import { hasExactly, jcs, parse } from './canonical.js';
import { Refusal, must } from './errors.js';

const ES256 = { name: 'ECDSA', hash: 'SHA-256' };
const MAX_TOKEN = 256 * 1024;
const P256 = { name: 'ECDSA', namedCurve: 'P-256' };

/**
 * A key that signs for a person or organisation: the private key and what names it, a certificate chain or a key id.
 * @typedef {{privateKey: CryptoKey, x5c?: Uint8Array[], kid?: string}} Signer
 */
/** @typedef {{header: Record<string, any>, payload: Uint8Array, signed: Uint8Array, signature: Uint8Array}} Token */
/**
 * `extra` are header members that must be there besides `alg` and `typ`.
 * @typedef {{typ: string, alg: 'ES256' | 'EdDSA', extra?: string[]}} Expected
 */

/**
 * Signs a payload with ES256.
 * @param {Signer} signer
 * @param {string} typ such as "bid-release+jws"
 * @param {unknown} payload
 * @returns {Promise<string>}
 */
export async function sign(signer, typ, payload) {
  /** @type {Record<string, unknown>} */
  const header = { alg: 'ES256', typ };
  if (signer.x5c) header.x5c = signer.x5c.map((certificate) => b64(certificate));
  if (signer.kid) header.kid = signer.kid;
  const signed = `${b64u(jcs(header))}.${b64u(jcs(payload))}`;
  const signature = await crypto.subtle.sign(ES256, signer.privateKey, utf8(signed));
  return `${signed}.${b64u(new Uint8Array(signature))}`;
}

/**
 * Takes a token apart and checks its header, not its signature.
 * @param {unknown} token
 * @param {Expected} expected
 * @returns {Token}
 * @throws {Refusal} `format`, `type` or `alg`
 */
export function takeApart(token, { typ, alg, extra = [] }) {
  must(typeof token === 'string' && token.length <= MAX_TOKEN, 'format');
  const parts = token.split('.');
  must(parts.length === 3, 'format');
  let decoded;
  try {
    const [head, payload, signature] = parts.map((part) => fromB64u(part));
    decoded = { header: parse(head), payload, signature };
  } catch {
    throw new Refusal('format');
  }
  const { header, payload, signature } = decoded;
  must(typeof header === 'object' && header !== null && !Array.isArray(header), 'format');
  must(header.typ === typ, 'type');
  must(header.alg === alg, 'alg');
  must(hasExactly(header, ['alg', 'typ', ...extra]), 'format');
  return { header, payload, signed: utf8(`${parts[0]}.${parts[1]}`), signature };
}

/**
 * Verifies a token against one key and one type.
 * @param {unknown} token
 * @param {Uint8Array} spki
 * @param {Expected} expected
 * @returns {Promise<any>} the payload
 * @throws {Refusal} `format`, `type`, `alg` or `signature`
 */
export async function verify(token, spki, expected) {
  const parts = takeApart(token, expected);
  must(await verifyBytes(expected.alg, spki, parts.signed, parts.signature), 'signature');
  return readPayload(parts);
}

/**
 * The payload of a token whose signature holds.
 * @param {Token} token
 * @returns {any}
 * @throws {Refusal} `format`
 */
export function readPayload(token) {
  try {
    return parse(token.payload);
  } catch {
    throw new Refusal('format');
  }
}

/**
 * Verifies a raw 64-byte signature.
 * @param {'ES256' | 'EdDSA'} alg
 * @param {Uint8Array} spki
 * @param {Uint8Array} data
 * @param {Uint8Array} signature
 * @returns {Promise<boolean>}
 */
export async function verifyBytes(alg, spki, data, signature) {
  if (signature.length !== 64) return false;
  if (alg === 'EdDSA') return verifyEd25519(ed25519Raw(spki), data, signature);
  try {
    const key = await crypto.subtle.importKey('spki', spki, P256, false, ['verify']);
    return await crypto.subtle.verify(ES256, key, signature, data);
  } catch {
    return false;
  }
}

/**
 * True if a public key is of the kind that the algorithm takes.
 * @param {string} alg
 * @param {Uint8Array} spki
 * @returns {Promise<boolean>}
 */
export async function keyFits(alg, spki) {
  try {
    if (alg === 'EdDSA') ed25519Raw(spki);
    else if (alg === 'ES256') await crypto.subtle.importKey('spki', spki, P256, false, ['verify']);
    else return false;
    return true;
  } catch {
    return false;
  }
}

const ED25519_SPKI = Uint8Array.of(0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00);

/** @param {Uint8Array} spki */
function ed25519Raw(spki) {
  const raw = spki.slice(ED25519_SPKI.length);
  must(raw.length === 32 && b64u(concat(ED25519_SPKI, raw)) === b64u(spki), 'key', 'not an Ed25519 key');
  return raw;
}

/**
 * Verifies Ed25519. Browsers older than 2025 do not know it; that is told apart from a wrong signature.
 * @param {Uint8Array} raw the 32-byte public key
 * @param {Uint8Array} data
 * @param {Uint8Array} signature
 * @returns {Promise<boolean>}
 * @throws {Refusal} `unsupported`
 */
export async function verifyEd25519(raw, data, signature) {
  let key;
  try {
    key = await crypto.subtle.importKey('raw', raw, 'Ed25519', false, ['verify']);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'NotSupportedError') {
      throw new Refusal('unsupported', 'this browser cannot verify Ed25519; use the offline verifier');
    }
    return false;
  }
  return signature.length === 64 && crypto.subtle.verify('Ed25519', key, signature, data);
}
