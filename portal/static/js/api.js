// @ts-check
/**
 * Every call from a page to the server, in one place. Nothing secret passes through here: what is sent is ciphertext,
 * digests, and signed statements; S_b and shares only inside the signed statements meant to reveal them.
 */
import { fromB64u } from './bytes.js';
import { Refusal } from './errors.js';

const BASE = '/api/v1';

/** A refusal by the server: an RFC 9457 problem, with a signed rejection when there is one. */
export class Problem extends Refusal {
  /**
   * @param {number} status
   * @param {any} body
   */
  constructor(status, body) {
    super(typeof body?.code === 'string' ? body.code : `http-${status}`, String(body?.detail ?? ''));
    this.status = status;
    /** @type {string | null} */
    this.rejection = typeof body?.rejection === 'string' ? body.rejection : null;
    /** Where the bidder finds the rejection again. @type {string | null} */
    this.page = typeof body?.page === 'string' && body.page.startsWith('/b/receipts/') ? body.page : null;
  }
}

/** The server could not be reached; whether it acted is not known. */
export class Offline extends Refusal {
  constructor() {
    super('offline', '无法连接平台');
  }
}

/** The token that proves a write comes from our own page. */
function csrf() {
  const pair = document.cookie.split('; ').find((text) => text.startsWith('csrf='));
  return pair ? decodeURIComponent(pair.slice(5)) : '';
}

/**
 * One request with a JSON answer.
 * @param {'GET' | 'POST' | 'PUT'} method
 * @param {string} path below /api/v1, or an absolute path
 * @param {unknown} [body] a Blob is sent raw, anything else as JSON
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 * @throws {Problem | Offline}
 */
async function call(method, path, body, signal) {
  const raw = body instanceof Blob;
  /** @type {Record<string, string>} */
  const headers = { accept: 'application/json' };
  if (method !== 'GET') headers['x-csrf-token'] = csrf();
  if (body !== undefined) headers['content-type'] = raw ? 'application/octet-stream' : 'application/json';
  const content = body === undefined ? undefined : raw ? body : JSON.stringify(body);
  let response;
  let text;
  try {
    const url = path.startsWith(BASE) ? path : BASE + path;
    const options = { method, headers, body: content, signal };
    response = await fetch(url, { ...options, cache: 'no-store', credentials: 'same-origin' });
    text = await response.text();
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Offline();
  }
  let answer = null;
  try {
    answer = text === '' ? null : JSON.parse(text);
  } catch {
    throw new Problem(response.status, { code: 'answer', detail: '平台的答复无法读取' });
  }
  if (!response.ok) throw new Problem(response.status, answer);
  return answer;
}

/** @param {string} part */
const at = (part) => encodeURIComponent(part);

/** @returns {Promise<number>} milliseconds since 1970 by the server's clock */
export const time = async () => (await call('GET', '/time')).ms;

/** @param {string} lot */
export const keyset = (lot) => call('GET', `/lots/${at(lot)}/keyset`);

/**
 * Opens an upload: the server checks the header before it takes a single chunk.
 * @param {{lot: string, slot: string, header: string, chunks: number}} upload
 * @returns {Promise<string>} its id
 */
export const openUpload = async (upload) => (await call('POST', '/uploads', upload)).id;

/**
 * Sends one chunk, as a Blob because that is the fast way in Chromium.
 * @param {string} id
 * @param {number} j
 * @param {Uint8Array} bytes
 * @param {AbortSignal} [signal]
 * @returns {Promise<Uint8Array>} the leaf hash that the server computed
 */
export async function putChunk(id, j, bytes, signal) {
  const answer = await call('PUT', `/uploads/${at(id)}/chunks/${j}`, new Blob([bytes]), signal);
  return fromB64u(answer.leaf, 32);
}

/**
 * One piece of a document that arrives in pieces.
 * @param {string} id
 * @param {number} j
 * @param {Uint8Array} bytes
 * @param {AbortSignal} [signal]
 */
export const putPiece = (id, j, bytes, signal) => call('PUT', `/pieces/${at(id)}/${j}`, new Blob([bytes]), signal);

/**
 * @param {string} id
 * @returns {Promise<{chunks: number, leaves: (string | null)[]}>} null where no chunk has arrived
 */
export const uploadState = (id) => call('GET', `/uploads/${at(id)}`);

/**
 * The own heads that have been sent for a lot.
 * @param {string} lot
 * @returns {Promise<{uploads: {id: string, slot: string, chunks: number, header: string}[]}>}
 */
export const ownUploads = (lot) => call('GET', `/lots/${at(lot)}/uploads`);

/** @param {string} jws @returns {Promise<any>} a receipt bundle, or `{ack, poll}` */
export const submit = (jws) => call('POST', '/submissions', { jws });

/** @param {string} url from an `ack` */
export const poll = (url) => call('GET', url);

/** @param {string} lot */
export const closeList = (lot) => call('GET', `/lots/${at(lot)}/close-list`);

/** @param {string} jws an appointment of a clerk, signed by the licence */
export const appointClerk = (jws) => call('POST', '/clerks', { jws });
/** Consent to a consortium. @param {string} id @param {string} jws */
export const consentTo = (id, jws) => call('POST', `/consortia/${id}/consent`, { jws });

/** @param {string} jws */
export const release = (jws) => call('POST', '/releases', { jws });

/** @param {string} jws */
export const emergencyKeys = (jws) => call('POST', '/emergency-keys', { jws });

/** @param {string} jws */
export const shares = (jws) => call('POST', '/shares', { jws });

/** @param {string} lot */
export const headers = (lot) => call('GET', `/lots/${at(lot)}/headers`);

/** @returns {Promise<{nonce: string, bind: string, aud: string, act: string, display: string}>} */
export const challenge = () => call('GET', '/auth/licence/challenge');

/** @param {string} token @returns {Promise<{next: string}>} */
export const login = (token) => call('POST', '/auth/licence', { token });

/**
 * Reads JSON from an address of this site that a page names: a draw, a receipt, the forms of a lot, a drill.
 * @param {string} href
 */
export const read = (href) => call('GET', href);

/**
 * Sends JSON to an address of this site that a page names.
 * @param {string} href
 * @param {unknown} body
 */
export const post = (href, body) => call('POST', href, body);

/** @returns {Promise<import('./log.js').Trust>} */
export const trust = () => call('GET', '/trust');

/** @typedef {{bidder: string, name: string, envelope: string, fk: string, price: string}} PublishedForm */

/**
 * Registers the public half of an own key.
 * @param {'sign' | 'unwrap'} purpose
 * @param {string} spki
 */
export const registerKey = (purpose, spki) => call('POST', '/me/keys', { purpose, spki });

/**
 * Takes a trustee's seat.
 * @param {string} href
 * @param {string} jws
 */
export const accept = (href, jws) => call('POST', href, { jws });

/**
 * The raw bytes of a file of this site: a published envelope, a paper that is about to be signed.
 * @param {string} url
 * @returns {Promise<Blob>}
 */
export async function envelope(url) {
  let response;
  try {
    response = await fetch(url, { credentials: 'same-origin' });
  } catch {
    throw new Offline();
  }
  if (!response.ok) throw new Problem(response.status, null);
  return response.blob();
}

/**
 * The receipt of a submission by its digest; asked after a broken connection, when the outcome is not known.
 * @param {string} digest
 */
export const receiptOf = (digest) => call('GET', `/receipts/${at(digest)}`);

/** @typedef {{field: string, kind: string, message: string, article: string, text: string, better: string}} Advice */

/**
 * Asks what a form still lacks and what in it looks restrictive.
 * @param {{form: string, lot: string | null, values: Record<string, string>}} typed
 * @param {AbortSignal} signal
 * @returns {Promise<Advice[]>}
 */
export const advice = (typed, signal) => call('POST', '/wording/form', typed, signal);

/** @param {string} jws */
export const withdraw = (jws) => call('POST', '/withdrawals', { jws });

/**
 * Saves an evaluator's draft.
 * @param {string} url
 * @param {Record<string, string>} scores
 */
export const saveScores = (url, scores) => call('PUT', url, { scores });

/**
 * Keeps what was typed of a registration so far.
 * @param {Record<string, string>} values
 * @returns {Promise<{saved_at: string}>}
 */
export const saveDraft = (values) => call('PUT', '/registration/draft', { values });
