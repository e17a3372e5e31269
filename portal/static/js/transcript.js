// @ts-check
/**
 * Reading the transcript of a draw: the form first, so that what follows may rely on it. Anything that is not of the
 * form is refused as `json-profile`.
 */
import { b64u, fromB64u, fromUtf8, utf8 } from './bytes.js';
import { hasExactly, jcs, parse } from './canonical.js';
import { compareText, specHash } from './draw.js';
import { Refusal, must } from './errors.js';
import { keyFits, verifyBytes } from './jws.js';
import { checkEntry, isInstant } from './log.js';
import { kid } from './wrap.js';

const PROFILE = 'json-profile';
/** @type {Record<string, string[]>} the pools that each algorithm draws from */
export const POOLS = {
  'order/1': ['pool'], 'worder/1': ['pool'], 'strata/1': ['pool'], 'panel/1': ['pool'],
  'assign/1': ['inspectors', 'objects'],
};
/** @type {Record<string, string[]>} */
const PARAMS = {
  'order/1': ['seats'], 'worder/1': ['a'], 'strata/1': ['a', 'rates'],
  'panel/1': ['groups', 'rules', 'cap', 'max_attempts'], 'assign/1': ['slots', 'recused'],
};
const SPEC = [
  'v', 'type', 'id', 'suite', 'purpose', 'algo', 'stage', 'params', 'contributors', 'min', 'escrow', 'beacons',
  'commit_by', 'reveal_by', 'prev',
];
const TRANSCRIPT = [
  'v', 'type', 'spec', 'freeze', 'attempts', 'commits', 'close', 'escrow', 'beacons', 'reveals', 'seed', 'output',
  'result', 'replacements', 'checkpoint', 'final',
];
const STAGE = /^[a-z0-9][a-z0-9./_-]{0,99}$/;

/** @typedef {{a: 'hpke-p256', kid: string, spki: Uint8Array}} WrapKey */
/**
 * `wrap` is there with an escrow: the key for the shares that a contributor holds.
 * @typedef {{party: string, org: string, alg: 'ES256' | 'EdDSA', kid: string, spki: Uint8Array, wrap: WrapKey | null}} Contributor
 */
/**
 * @typedef {object} Spec
 * @property {any} raw the JSON value that is hashed
 * @property {Uint8Array} hash
 * @property {string} ref the hash as records carry it
 * @property {string} algo
 * @property {string} stage
 * @property {any} params
 * @property {Record<string, {root: string, count: number}>} pools
 * @property {Map<string, Contributor>} contributors
 * @property {number} least
 * @property {{k: number, n: number, by: string} | null} escrow
 * @property {any[]} beacons
 * @property {string} commitBy
 * @property {string | null} prev
 */
/** @typedef {{detail: any, entry: any, index: number, path: unknown}} Logged a record with its proof from the log */
/** @typedef {{header: any, payload: any, signed: Uint8Array, signature: Uint8Array, log: Logged}} Signed */
/**
 * @typedef {object} Transcript
 * @property {Spec} spec
 * @property {Logged} freeze
 * @property {{spec: Spec, log: Logged, void: Logged}[]} attempts
 * @property {Signed[]} commits
 * @property {Logged} close
 * @property {{token: Signed, acks: Signed[]}[]} escrow
 * @property {Logged | null} final the final contributors, with an escrow
 * @property {{value: Uint8Array, statements: string[]}[]} beacons
 * @property {{party: string, value: Uint8Array, shares: [number, Uint8Array][] | null}[]} reveals
 * @property {Uint8Array} seed
 * @property {any} output
 * @property {Logged} result
 * @property {{raw: any, log: Logged}[]} replacements
 * @property {string} checkpoint
 */

/**
 * Checks a transcript's form.
 * @param {any} raw the transcript's JSON value
 * @returns {Promise<Transcript>}
 * @throws {Refusal} `json-profile`, or `beacon` for a spec whose beacon comes too early
 */
export async function readTranscript(raw) {
  return profiled(async () => {
    jcs(raw);
    members(raw, ...TRANSCRIPT);
    need(raw.type === 'draw.transcript' && raw.v === 1, 'type draw.transcript, version 1');
    need(isObject(raw.output) && typeof raw.checkpoint === 'string', 'an output and a checkpoint');
    const spec = await readSpec(raw.spec);
    return {
      spec,
      freeze: logged(spec.raw, raw.freeze),
      attempts: await Promise.all(list(raw.attempts).map(readAttempt)),
      commits: list(raw.commits).map((item) => signed(item, 'draw.commit', 'spec', 'party', 'c')),
      close: detailed(raw.close),
      escrow: list(raw.escrow).map(readDelivery),
      final: raw.final === null ? null : detailed(raw.final),
      beacons: list(raw.beacons).map(readBeacon),
      reveals: list(raw.reveals).map(readReveal),
      seed: fromB64u(raw.seed, 32),
      output: raw.output,
      result: detailed(raw.result),
      replacements: list(raw.replacements).map((item, n) => readStep(item, n, spec)),
      checkpoint: raw.checkpoint,
    };
  });
}

/**
 * Checks a spec's form: members, types, times in order.
 * @param {any} raw
 * @returns {Promise<Spec>}
 * @throws {Refusal} `json-profile`, or `beacon` for a beacon that speaks before the contributors are final
 */
export async function readSpec(raw) {
  return profiled(async () => {
    need(isObject(raw), 'an object');
    jcs(raw);
    need(typeof raw.algo === 'string' && Object.hasOwn(POOLS, raw.algo), 'an algorithm known here');
    const names = POOLS[raw.algo];
    const single = names.length === 1;
    members(raw, ...SPEC, single ? 'pool' : 'pools');
    need(raw.type === 'draw.spec' && raw.v === 1, 'type draw.spec, version 1');
    need(isText(raw.id) && isText(raw.purpose), 'id and purpose');
    need(typeof raw.stage === 'string' && STAGE.test(raw.stage), 'a plain stage name');
    members(raw.params, ...PARAMS[raw.algo]);
    need(raw.prev === null || fromB64u(raw.prev, 32), 'prev');
    need(Number.isSafeInteger(raw.min) && raw.min >= 0, 'min');
    need(raw.suite === 'intl-1', 'a suite known here');
    const contributors = await readContributors(raw.contributors, raw.escrow !== null);
    const some = contributors.size > 0 || list(raw.beacons).length > 0;
    need(raw.min <= contributors.size && some, 'enough contributors');
    need(isInstant(raw.commit_by) && isInstant(raw.reveal_by), 'times');
    const escrow = readEscrow(raw.escrow, contributors.size, raw.commit_by);
    const final = escrow ? escrow.by : raw.commit_by;
    need(final < raw.reveal_by, 'reveals after commitments and escrow');
    const pools = single ? { pool: raw.pool } : raw.pools;
    members(pools, ...names);
    for (const frozen of Object.values(pools)) {
      members(frozen, 'root', 'count');
      need(Number.isSafeInteger(frozen.count) && fromB64u(frozen.root, 32), 'a pool');
    }
    const hash = await specHash(raw);
    return {
      raw, hash, ref: b64u(hash), algo: raw.algo, stage: raw.stage, params: raw.params, pools, contributors,
      least: raw.min, escrow, beacons: readSpecBeacons(raw.beacons, final), commitBy: raw.commit_by, prev: raw.prev,
    };
  });
}

/** @param {any} items @param {boolean} wrapped @returns {Promise<Map<string, Contributor>>} */
async function readContributors(items, wrapped) {
  need(list(items).length <= 64, 'a list of contributors');
  const out = new Map();
  for (const item of items) {
    members(item, 'party', 'org', 'alg', 'kid', 'spki', ...(wrapped ? ['wrap'] : []));
    need([item.party, item.org, item.alg, item.kid, item.spki].every(isText), 'a contributor');
    const spki = fromB64u(item.spki);
    need(await keyFits(item.alg, spki), "a contributor's key with its algorithm");
    need((await kid(spki)) === item.kid, "a contributor's kid");
    out.set(item.party, { ...item, spki, wrap: wrapped ? await readWrapKey(item.wrap) : null });
  }
  const listed = items.map((/** @type {any} */ item) => item.party).join('\0');
  need([...out.keys()].sort(compareText).join('\0') === listed, 'contributors by ascending party, none twice');
  return out;
}

/** @param {any} item @returns {Promise<WrapKey>} */
async function readWrapKey(item) {
  members(item, 'a', 'kid', 'spki');
  const spki = fromB64u(item.spki);
  need(item.a === 'hpke-p256' && (await keyFits('ES256', spki)), 'a wrapping key');
  need((await kid(spki)) === item.kid, "a wrapping key's kid");
  return { a: item.a, kid: item.kid, spki };
}

/** @param {any} value @param {number} contributors @param {string} commitBy */
function readEscrow(value, contributors, commitBy) {
  if (value === null) return null;
  const { k, n, by } = members(value, 'k', 'n', 'by');
  need(Number.isSafeInteger(k) && n === contributors - 1 && k >= 2 && k <= n && n < 2 * k && n <= 16, 'a majority');
  need(isInstant(by) && by > commitBy, 'escrow after the commitments');
  return { k, n, by };
}

/** @param {any} items @param {string} final */
function readSpecBeacons(items, final) {
  for (const item of list(items)) {
    need(isObject(item) && typeof item.kind === 'string' && isInstant(item.at), 'a beacon');
    must(item.at > final, 'beacon', 'a beacon speaks before the contributors are final');
  }
  return items;
}

/** @param {any} detail @param {any} proof @returns {Logged} */
function logged(detail, proof) {
  members(proof, 'entry', 'index', 'path');
  need(Number.isSafeInteger(proof.index), 'an index');
  checkEntry(proof.entry);
  return { detail, entry: proof.entry, index: proof.index, path: proof.path };
}

/** @param {any} record */
function detailed(record) {
  members(record, 'detail', 'log');
  need(isObject(record.detail), 'a detail');
  return logged(record.detail, record.log);
}

/**
 * A message and its log entry, whose detail wraps the token.
 * @param {any} record
 * @param {string} kind
 * @param {...string} names members of the payload besides version and type
 * @returns {Signed}
 */
function signed(record, kind, ...names) {
  members(record, 'token', 'log');
  const parts = takeToken(record.token);
  need(parts.payload.type === kind && parts.payload.v === 1, `a message of type ${kind}`);
  members(parts.payload, 'v', 'type', ...names);
  need(typeof parts.payload.party === 'string', 'a party');
  return { ...parts, log: logged({ v: 1, type: kind, token: record.token }, record.log) };
}

/**
 * Header, payload, signed bytes and signature of a token; nothing is verified. The header may be spelled as the
 * signer's library does, the payload may not.
 * @param {any} token
 */
export function takeToken(token) {
  need(typeof token === 'string' && token.split('.').length === 3, 'a token');
  const [head, body, tail] = token.split('.');
  const header = JSON.parse(fromUtf8(fromB64u(head)));
  jcs(header);
  const payload = parse(fromB64u(body));
  need(isObject(header) && isObject(payload), 'header and payload are objects');
  return { header, payload, signed: utf8(`${head}.${body}`), signature: fromB64u(tail) };
}

/**
 * True if this is a message of this kind, signed with this key.
 * @param {Signed} message
 * @param {Contributor} signer
 * @param {string} typ
 */
export async function holds({ header, signed: data, signature }, signer, typ) {
  const names = Object.keys(header).every((name) => ['alg', 'typ', 'kid', 'x5c'].includes(name));
  const kind = header.typ === typ && header.alg === signer.alg && (header.kid ?? signer.kid) === signer.kid;
  return names && kind && verifyBytes(signer.alg, signer.spki, data, signature);
}

/** @param {any} record */
function readDelivery(record) {
  members(record, 'token', 'log', 'acks');
  const token = signed({ token: record.token, log: record.log }, 'draw.escrow', 'spec', 'party', 'shares');
  for (const item of list(token.payload.shares)) {
    members(item, 'i', 'holder', 'a', 'kid', 'enc', 'ct', 'sc');
    fromB64u(item.sc, 32);
  }
  const ack = (/** @type {any} */ item) => signed(item, 'draw.escrow-ack', 'spec', 'party', 'holder', 'i', 'sc');
  return { token, acks: list(record.acks).map(ack) };
}

/** @param {any} beacon */
function readBeacon(beacon) {
  members(beacon, 'value', 'statements');
  need(list(beacon.statements).every((item) => typeof item === 'string'), 'statements');
  return { value: fromB64u(beacon.value), statements: beacon.statements };
}

/** @param {any} reveal */
function readReveal(reveal) {
  members(reveal, 'party', 'r', 'shares');
  need(typeof reveal.party === 'string', 'a party');
  /** @type {[number, Uint8Array][] | null} */
  let shares = null;
  if (reveal.shares !== null) {
    shares = list(reveal.shares).map((item) => [members(item, 'i', 'share').i, fromB64u(item.share, 32)]);
  }
  return { party: reveal.party, value: fromB64u(reveal.r, 32), shares };
}

/** @param {any} attempt */
async function readAttempt(attempt) {
  members(attempt, 'spec', 'log', 'void');
  const spec = await readSpec(attempt.spec);
  return { spec, log: logged(spec.raw, attempt.log), void: detailed(attempt.void) };
}

/** @param {any} step @param {number} n @param {Spec} spec */
function readStep(step, n, spec) {
  const { log, ...told } = members(step, 'act', 'group', 'out', 'in', 'reason', 'evidence', 'log');
  need(typeof step.act === 'string' && typeof step.reason === 'string', 'act and reason');
  fromB64u(step.evidence, 32);
  return { raw: told, log: logged({ v: 1, type: 'draw.replacement', spec: spec.ref, n, ...told }, log) };
}

/**
 * Runs a reader; whatever it stumbles over is a fault of the form.
 * @template T
 * @param {() => Promise<T>} read
 * @returns {Promise<T>}
 */
async function profiled(read) {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Refusal && (error.code === 'beacon' || error.code === PROFILE)) throw error;
    throw new Refusal(PROFILE, error instanceof Error ? error.message : '');
  }
}

/** @param {unknown} condition @param {string} what */
function need(condition, what) {
  must(condition, PROFILE, `expected: ${what}`);
}

/** @param {any} value @param {...string} names @returns {any} */
function members(value, ...names) {
  need(hasExactly(value, names), `an object of ${names.join(', ')}`);
  return value;
}

/** @param {any} value @returns {any[]} */
function list(value) {
  need(Array.isArray(value), 'a list');
  return value;
}

/** @param {any} value */
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
/** @param {unknown} value */
const isText = (value) => typeof value === 'string' && value !== '';
