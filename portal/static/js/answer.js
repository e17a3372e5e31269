// @ts-check
/** What a licence signs to log in: docs/spec/licence.md §3. */

const LIFE_MS = 120_000;

/**
 * The payload that answers a challenge.
 * @param {{nonce: string, bind: string, aud: string}} given
 * @param {string} uscc
 * @param {number} instant milliseconds since 1970
 */
export function answer({ nonce, bind, aud }, uscc, instant) {
  const written = (/** @type {number} */ ms) => new Date(ms).toISOString();
  return { v: 1, aud, act: 'login', nonce, bind, uscc, iat: written(instant), exp: written(instant + LIFE_MS) };
}
