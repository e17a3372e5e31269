// @ts-check
/**
 * A contributor of a public draw: makes a random value in this browser, commits to it by signature, and reveals it after
 * the close. Until then the value lies in a file that the contributor keeps, and nowhere in the browser.
 *
 * Markup: `#drawcard` with data-draw, data-commit, data-reveal, data-party; buttons `#drawcommit` and `#drawreveal`, and
 * the file input `#drawfile` beside the second.
 */
import { post, read } from './api.js';
import './app.js';
import { b64u, fromB64u, randomBytes } from './bytes.js';
import { jcs, parse } from './canonical.js';
import { commitment, specHash } from './draw.js';
import { Refusal } from './errors.js';
import { sign } from './jws.js';
import { readPersonFile } from './keyfile.js';
import { $, chosenBytes, input, maybe, onPress, outcome, save } from './ui.js';
import { explain } from './words.js';

const { say, fail } = outcome('drawsay');
const card = maybe('drawcard');
const { draw = '', commit: commitHref = '', reveal: revealHref = '', party = '' } = card?.dataset ?? {};

async function ownKey() {
  const data = await chosenBytes(input('keyfile'));
  if (!data || input('keypass').value === '') throw new Refusal('choose', '请选择密钥文件并输入口令');
  return (await readPersonFile(data, input('keypass').value)).sign;
}

async function commitNow() {
  const key = await ownKey();
  const { spec } = await read(draw);
  const hash = await specHash(spec);
  const value = randomBytes(32);
  save(`${spec.id}-${party}.json`, jcs({ draw: spec.id, party, r: b64u(value) }));
  const c = b64u(await commitment(hash, party, value));
  const payload = { v: 1, type: 'draw.commit', spec: b64u(hash), party, c };
  await post(commitHref, { jws: await sign({ privateKey: key.signing, kid: key.kid }, 'draw-commit+jws', payload) });
}

async function revealNow() {
  const data = await chosenBytes(input('drawfile'));
  if (!data) throw new Refusal('choose', '请选择提交承诺时保存的随机数文件');
  const { r: value, party: whose } = parse(data);
  if (whose !== party) throw new Refusal('choose', '这个文件是另一贡献方的随机数');
  fromB64u(value, 32);
  const { state } = await read(draw);
  if (state === 'frozen') await post(`${draw}/close`, {});
  await post(revealHref, { party, r: value });
}

for (const [id, act] of /** @type {[string, () => Promise<void>][]} */ ([['drawcommit', commitNow], ['drawreveal', revealNow]])) {
  if (!maybe(id)) continue;
  onPress($(id), async () => {
    try {
      say('正在办理…');
      await act();
      location.reload();
    } catch (error) {
      fail(explain(error));
    }
  });
}
