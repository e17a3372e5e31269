// @ts-check
/**
 * A contributor of a public draw: makes a random value in this browser, commits to it by signature, and reveals it after
 * the close. The value lies in a file that the contributor keeps, and nowhere in the browser: what is committed to is
 * read back from that file, so that nobody commits to a value that was never saved.
 *
 * With an escrow it also hands out the shares of its value, opens and acknowledges those of the others, and gives one
 * back when its owner stays silent. A witness of public numbers signs them here.
 *
 * Markup (macros/draw.html): `#drawcard` with data-draw, data-commit, data-reveal, data-close (empty where the reader may
 * not close), data-party; buttons `#drawmake`, `#drawcommit`, `#drawescrow`, `#drawrecover`, `#drawreveal`; the file input
 * `#drawfile`; `#beaconsign` with data-beacon and `#beaconnumbers`; outcomes in `#drawsay`, news of the others in
 * `#drawnews`.
 */
import { post, read } from './api.js';
import './app.js';
import { b64u, fromB64u, randomBytes } from './bytes.js';
import { hasExactly, jcs, parse } from './canonical.js';
import { commitment, specHash } from './draw.js';
import { Refusal, must } from './errors.js';
import { handOut, keyString, openShare } from './escrow.js';
import { readPayload, sign, takeApart } from './jws.js';
import { ownKeys, ownSigner } from './ownkey.js';
import { readSpec } from './transcript.js';
import { $, chosenBytes, input, maybe, onPress, outcome, save } from './ui.js';
import { explain } from './words.js';

const WATCH_MS = 5_000;
const { say, fail } = outcome('drawsay');
const { draw = '', commit: commitHref = '', reveal: revealHref = '', close: closeHref = '', party = '' } =
  maybe('drawcard')?.dataset ?? {};

/** @param {string} id of the spec; letters, digits and hyphens survive in the name of a file */
const nameOf = (id) => `random-${id.replaceAll(/[^A-Za-z0-9]+/g, '-')}.json`;

async function makeNow() {
  const { spec } = await read(draw);
  const value = { v: 1, type: 'draw.random', draw: spec.id, spec: b64u(await specHash(spec)), party, r: b64u(randomBytes(32)) };
  save(nameOf(spec.id), jcs(value));
  say('随机数已生成。请确认文件已保存，然后在第二步选择它。');
}

/**
 * The value in the chosen file.
 * @param {any} spec of this draw
 * @returns {Promise<Uint8Array>}
 * @throws {Refusal} `choose` if it is no such file, or one for another draw or another contributor
 */
async function chosenValue(spec) {
  const data = await chosenBytes(input('drawfile'));
  if (!data) throw new Refusal('choose', '请选择随机数文件');
  let kept;
  try {
    kept = parse(data);
    must(hasExactly(kept, ['v', 'type', 'draw', 'spec', 'party', 'r']) && kept.v === 1, 'choose');
    must(kept.type === 'draw.random', 'choose');
    kept.value = fromB64u(kept.r, 32);
  } catch {
    throw new Refusal('choose', '请重新选择文件：这不是随机数文件');
  }
  if (kept.spec !== b64u(await specHash(spec))) {
    throw new Refusal('choose', `请重新选择文件：它属于另一次抽取（${kept.draw}），本次编号 ${spec.id}`);
  }
  if (kept.party !== party) throw new Refusal('choose', '请重新选择文件：它是另一贡献方的随机数');
  return kept.value;
}

async function commitNow() {
  const { spec } = await read(draw);
  const value = await chosenValue(spec);
  const signer = await ownSigner();
  const named = spec.contributors.find((/** @type {any} */ one) => one.party === party);
  if (named?.kid !== signer.kid) throw new Refusal('choose', '请选择登记在抽取规则中的密钥：这是另一把密钥');
  const hash = await specHash(spec);
  const c = b64u(await commitment(hash, party, value));
  const payload = { v: 1, type: 'draw.commit', spec: b64u(hash), party, c };
  await post(commitHref, { jws: await sign(signer, 'draw-commit+jws', payload) });
}

async function revealNow() {
  const { spec, state } = await read(draw);
  const value = await chosenValue(spec);
  if (state === 'frozen' && closeHref) await post(closeHref, {});
  await post(revealHref, { party, r: b64u(value) });
}

/**
 * The shares of the others that are wrapped for this party, as their givers signed them.
 * @param {(share: any) => boolean} wanted which rows of the escrow
 */
async function ownShares(wanted) {
  const { deliveries, shares, missing } = await read(`${draw}/escrow`);
  const mine = shares.filter((/** @type {any} */ one) => one.holder === party && wanted(one));
  const signed = new Map(deliveries.map((/** @type {any} */ one) => [one.party, one.jws]));
  const told = mine.map((/** @type {any} */ { party: giver, i }) => {
    const token = takeApart(signed.get(giver), { typ: 'draw-escrow+jws', alg: 'ES256', extra: ['kid'] });
    return { giver, share: readPayload(token).shares[i - 1] };
  });
  return { told, missing };
}

/**
 * Opens and acknowledges what has come in so far.
 * @param {import('./transcript.js').Spec} spec
 * @param {{signer: import('./jws.js').Signer, unwrap: import('./keys.js').PersonKey}} keys
 */
async function acknowledgeNow(spec, { signer, unwrap }) {
  const { told } = await ownShares((one) => !one.acknowledged);
  const faults = [];
  for (const { giver, share } of told) {
    try {
      await openShare(spec, giver, share, unwrap.unwrapping);
    } catch {
      faults.push(giver); // a false share of one does not stop the others
      continue;
    }
    const payload = { v: 1, type: 'draw.escrow-ack', spec: spec.ref, party: giver, holder: party, i: share.i, sc: share.sc };
    await post(`${draw}/acks`, { jws: await sign(signer, 'draw-escrow-ack+jws', payload) });
  }
  if (faults.length) {
    throw new Refusal('choose', `请联系组织方：${faults.join('、')} 交付的分片无法打开或与承诺不符，未予确认`);
  }
}

/** Hands out the own shares, then acknowledges the others' as they come in, until the escrow is over. */
async function escrowNow() {
  const { spec: raw, state, parties } = await read(draw);
  const spec = await readSpec(raw);
  const own = parties.find((/** @type {any} */ one) => one.party === party);
  const value = own.committed && !own.delivered ? await chosenValue(raw) : null;
  const keys = await ownKeys();
  const named = spec.contributors.get(party);
  if (named?.kid !== keys.signer.kid || named?.wrap?.kid !== keys.unwrap.kid) {
    throw new Refusal('choose', '请选择登记在抽取规则中的密钥：这是另一把密钥');
  }
  if (state === 'frozen' && closeHref) await post(closeHref, {});
  if (value) {
    const payload = { v: 1, type: 'draw.escrow', spec: spec.ref, party, shares: await handOut(spec, party, value) };
    await post(`${draw}/escrow`, { jws: await sign(keys.signer, 'draw-escrow+jws', payload) });
  }
  for (;;) {
    await acknowledgeNow(spec, keys);
    const now = await read(draw);
    const rest = (await ownShares(() => true)).told.length;
    const unanswered = (await ownShares((one) => !one.acknowledged)).told.length; // asked last: one may have come just now
    if (now.state !== 'closed' || (rest === spec.contributors.size - 1 && unanswered === 0)) return;
    if (unanswered > 0) continue;
    say(`本单位的分片已交付；已打开并确认 ${rest} 份，等待其他方交付。请不要关闭本页，确认会自动进行。`);
    await new Promise((resolve) => setTimeout(resolve, WATCH_MS));
  }
}

/** Gives back the shares of values whose owners stayed silent. */
async function recoverNow() {
  const spec = await readSpec((await read(draw)).spec);
  const { unwrap } = await ownKeys();
  const { told, missing } = await ownShares((one) => !one.given_back);
  for (const { giver, share } of told.filter((/** @type {any} */ one) => missing.includes(one.giver))) {
    const opened = await openShare(spec, giver, share, unwrap.unwrapping);
    await post(`${draw}/shares`, { party: giver, i: share.i, share: b64u(opened) });
  }
}

/** Signs the public numbers as a witness. */
async function stateNow() {
  const number = Number($('beaconsign').dataset.beacon);
  const value = keyString(input('beaconnumbers').value);
  if (value === '') throw new Refusal('choose', '请填写公布的号码');
  const spec = await readSpec((await read(draw)).spec);
  const { source, at } = spec.beacons[number];
  const payload = { v: 1, type: 'draw.beacon', spec: spec.ref, beacon: number, source, at, value };
  await post(`${draw}/beacons/${number}`, { jws: await sign(await ownSigner(), 'draw-beacon+jws', payload) });
}

/** @param {string} id @param {() => Promise<void>} act @param {boolean} then whether the page has something new after it */
function control(id, act, then) {
  if (!maybe(id)) return;
  onPress($(id), async () => {
    try {
      say('正在办理…');
      await act();
      if (then) location.reload();
    } catch (error) {
      fail(explain(error));
    }
  });
}

/** How far the others are, as one text. */
async function standing() {
  const { state, parties, beacons } = await read(draw);
  return JSON.stringify([state, parties, beacons]);
}

/** Whether the person has begun to fill in something that a reload would lose. */
const isBusy = () => Array.from(document.querySelectorAll('input, textarea')).map((field) => /** @type {HTMLInputElement} */ (field)).some((field) => field.type === 'file'
  ? (field.files?.length ?? 0) > 0
  : field.type !== 'hidden' && field.type !== 'checkbox' && field.value !== field.defaultValue);

async function watch() {
  const before = await standing();
  const timer = setInterval(async () => {
    if (document.hidden) return;
    try {
      if ((await standing()) === before) return;
    } catch {
      return; // asked again in a moment
    }
    clearInterval(timer);
    if (isBusy()) $('drawnews').textContent = '其他贡献方有新的进展，办完后请刷新本页。';
    else location.reload();
  }, WATCH_MS);
}

control('drawmake', makeNow, false);
control('drawcommit', commitNow, true);
control('drawescrow', escrowNow, true);
control('drawrecover', recoverNow, true);
control('drawreveal', revealNow, true);
control('beaconsign', stateNow, true);
if (maybe('drawcard')?.hasAttribute('data-live')) watch().catch(() => undefined);
document.addEventListener('over', () => setTimeout(() => isBusy() || location.reload(), 1500));
