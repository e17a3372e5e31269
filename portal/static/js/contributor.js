// @ts-check
/**
 * A contributor of a public draw: makes a random value in this browser, commits to it by signature, and reveals it after
 * the close. The value lies in a file that the contributor keeps, and nowhere in the browser: what is committed to is
 * read back from that file, so that nobody commits to a value that was never saved.
 *
 * Markup (macros/draw.html): `#drawcard` with data-draw, data-commit, data-reveal, data-close (empty where the reader may
 * not close), data-party; buttons `#drawmake`, `#drawcommit`, `#drawreveal`; the file input `#drawfile`; outcomes in
 * `#drawsay`, news of the others in `#drawnews`.
 */
import { post, read } from './api.js';
import './app.js';
import { b64u, fromB64u, randomBytes } from './bytes.js';
import { hasExactly, jcs, parse } from './canonical.js';
import { commitment, specHash } from './draw.js';
import { Refusal, must } from './errors.js';
import { sign } from './jws.js';
import { ownSigner } from './ownkey.js';
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
  const { state, parties } = await read(draw);
  return JSON.stringify([state, parties]);
}

/** Whether the person has begun to fill in something that a reload would lose. */
const isBusy = () => Array.from(document.querySelectorAll('input')).some((field) => field.type === 'file'
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
control('drawreveal', revealNow, true);
if (maybe('drawcard')?.hasAttribute('data-live')) watch().catch(() => undefined);
document.addEventListener('over', () => setTimeout(() => isBusy() || location.reload(), 1500));
