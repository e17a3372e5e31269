// @ts-check
/**
 * The escrow of a draw, on a contributor's machine: split the own value for the others, open the shares of theirs.
 * Definitions: docs/spec/draw.md, "Escrow".
 */
import { b64u, equal, fromB64u, u8, utf8 } from './bytes.js';
import { escrowShareHash } from './draw.js';
import { Refusal, must } from './errors.js';
import { label, sha256 } from './hash.js';
import { split32 } from './shamir.js';
import { unwrap, wrap } from './wrap.js';

/** @typedef {import('./transcript.js').Spec} Spec */
/** @typedef {{i: number, holder: string, a: string, kid: string, enc: string, ct: string, sc: string}} Told a share as signed */

/**
 * Who holds the shares of a party's value, share 1 first.
 * @param {Spec} spec
 * @param {string} party
 */
export const holdersOf = (spec, party) => [...spec.contributors.keys()].filter((other) => other !== party);

/** @param {Spec} spec @param {string} party @param {number} i */
const contextOf = async (spec, party, i) =>
  sha256(label('OTD1', 'escrow'), spec.hash, await sha256(utf8(party)), u8(i));

/**
 * Splits a value for the other contributors and wraps each share for its holder.
 * @param {Spec} spec
 * @param {string} party
 * @param {Uint8Array} value 32 bytes
 * @returns {Promise<Told[]>}
 */
export async function handOut(spec, party, value) {
  must(spec.escrow, 'void', 'this draw has no escrow');
  const holders = holdersOf(spec, party);
  return Promise.all(split32(value, spec.escrow.k, spec.escrow.n).map(async ([i, share]) => {
    const holder = holders[i - 1];
    const key = spec.contributors.get(holder)?.wrap;
    must(key, 'void', 'a holder without a key');
    const { enc, ct } = await wrap(key, await contextOf(spec, party, i), share);
    const sc = b64u(await escrowShareHash(spec.hash, party, i, share));
    return { i, holder, a: key.a, kid: key.kid, enc: b64u(enc), ct: b64u(ct), sc };
  }));
}

/**
 * Opens the own share of another contributor's value and compares it with what was promised.
 * @param {Spec} spec
 * @param {string} party
 * @param {Told} told
 * @param {import('./wrap.js').WrapPrivate} key
 * @returns {Promise<Uint8Array>}
 * @throws {Refusal} `share` if it does not open or is another; such a share is not acknowledged
 */
export async function openShare(spec, party, told, key) {
  let share;
  try {
    share = await unwrap(key, await contextOf(spec, party, told.i), fromB64u(told.enc), fromB64u(told.ct));
  } catch {
    throw new Refusal('share', '分片无法打开');
  }
  must(equal(await escrowShareHash(spec.hash, party, told.i, share), fromB64u(told.sc, 32)), 'share', '分片与承诺不符');
  return share;
}

/**
 * The key string of public numbers (RFC 3797 §4): one line per source, numbers ascending.
 * @param {string} text as typed
 * @returns {string} empty if nothing was typed
 */
export function keyString(text) {
  const lines = text.split('\n').map((line) => line.match(/[0-9]+/g) ?? []).filter((numbers) => numbers.length > 0);
  return lines.map((numbers) => `${numbers.map(Number).sort((a, b) => a - b).map((n) => `${n}.`).join('')}/`).join('');
}
