// @ts-check
/**
 * A trustee makes keys, passes the drill, and posts the shares. Shares are given only after this page has checked the
 * keyset, the deadline checkpoint, the end of the bidders' window, and that every envelope belongs to the close list.
 */
import { accept, read, registerKey, shares, trust } from './api.js';
import './app.js';
import { b64u, fromB64u } from './bytes.js';
import { verifyClose, verifyList, verifyTechnical, verifyWindow } from './closing.js';
import { bytesSource, openShare, parseHeader } from './envelope.js';
import { Refusal, must } from './errors.js';
import { sign } from './jws.js';
import { makePersonFile, readPersonFile } from './keyfile.js';
import { TYP, acceptance, answerDrill, checkKeyset, partsOf, shareBatch } from './messages.js';
import { $, chosenBytes, el, input, maybe, note, onPress, outcome, save, tick } from './ui.js';
import { explain } from './words.js';

const MIN_PASSPHRASE = 12;

/** The controls with which a trustee makes the keys. */
function makeKeys() {
  const { say, fail } = outcome('makesay');
  onPress($('makekey'), async () => {
    const passphrase = input('newpass').value;
    if (passphrase.length < MIN_PASSPHRASE) return fail(`请设置至少 ${MIN_PASSPHRASE} 个字符的口令。`);
    if (passphrase !== input('newpass2').value) return fail('请重新输入口令：两次输入不一致。');
    try {
      say('正在生成密钥…');
      const { file, sign: signing, unwrap } = await makePersonFile(passphrase);
      save(`witness-${unwrap.kid.slice(0, 8)}.key`, file, 'application/octet-stream');
      say('正在登记公钥…');
      await registerKey('sign', b64u(signing.spki));
      await registerKey('unwrap', b64u(unwrap.spki));
      say('');
      const next = el('a', { href: location.pathname }, '继续');
      $('makesay').replaceChildren(note('ok', '密钥已生成，公钥已登记。', '请确认密钥文件已保存在您自己保管的介质上。', next));
    } catch (error) {
      fail(explain(error));
    }
    return undefined;
  });
}

/** Opens the trustee's own key file. */
async function chosenKeys() {
  const data = await chosenBytes(input('keyfile'));
  if (!data) throw new Refusal('choose', '请选择密钥文件');
  if (input('keypass').value === '') throw new Refusal('choose', '请输入密钥口令');
  return readPersonFile(data, input('keypass').value);
}

/**
 * Signs with the key on record; the header names it.
 * @param {import('./keys.js').PersonKey} key
 * @param {string} typ
 * @param {unknown} payload
 */
const signed = (key, typ, payload) => sign({ privateKey: key.signing, kid: key.kid }, typ, payload);

/** @param {HTMLElement} card @param {(text: string) => void} say */
async function drill(card, say) {
  const keys = await chosenKeys();
  say('正在取回测试分片…');
  const { ks = '', index = '', drill: href = '' } = card.dataset;
  const given = await read(href);
  const keyset = await checkKeyset(given.keyset, ks);
  must(given.i === Number(index) && keyset.trustees[given.i - 1]?.kid === keys.unwrap.kid, 'drill');
  tick(card, 'fetch');
  const proof = await answerDrill(keyset, given.i, given.challenge, keys.unwrap.unwrapping);
  tick(card, 'open');
  say('正在签名确认…');
  const jws = await signed(keys.sign, TYP.accept, acceptance(keyset, ks, given.i, proof));
  await accept(href.replace(/\/drill$/, '/accept'), jws);
  tick(card, 'sign');
  return note('ok', '演练通过，您已确认密钥集。', '开标那天请带上同一份密钥文件。');
}

/** @param {HTMLElement} card @param {(text: string) => void} say */
async function releaseShares(card, say) {
  const keys = await chosenKeys();
  const { ks = '', index = '', headers: href = '', keyset: keysetHref = '' } = card.dataset;
  const i = Number(index);
  say('正在核对密钥集…');
  const trusted = await trust();
  const keyset = await checkKeyset((await read(keysetHref)).keyset, ks);
  must(keyset.trustees[i - 1]?.kid === keys.unwrap.kid, 'drill');
  tick(card, 'keyset');
  say('正在核对截止检查点…');
  const given = await read(href);
  const { root } = await verifyClose(given.close, keyset, keyset.opens_at, trusted);
  tick(card, 'checkpoint');
  const turn = await verifyWindow(given.window_closed, keyset, trusted);
  const parts = partsOf(keyset, turn);
  const passed = turn > 1 ? await verifyTechnical(given.technical, keyset, trusted) : null;
  tick(card, 'window');
  say('正在逐份核对封装并取出分片…');
  const eids = await verifyList(given.close_list, given.submissions, root);
  const batch = [];
  const faults = [];
  for (const { eid, bidder, slot, header: raw } of given.headers) {
    must(eids.get(eid) === bidder, 'close-list');
    const { header } = await parseHeader(bytesSource(fromB64u(raw)));
    const { core } = header;
    must(core.ks === ks && core.bidder === bidder && core.slot === slot, 'eid');
    must(parts.includes(slot) && (!passed || passed.has(bidder)), 'technical'); // no envelope before its time
    try {
      batch.push({ eid: fromB64u(eid, 32), share: await openShare(header, i, keys.unwrap.unwrapping) });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      faults.push(`${eid.slice(0, 8)}：${explain(error)}`); // a spoilt stanza of one bid does not stop the others
    }
  }
  tick(card, 'headers');
  say('正在签名并释放…');
  await shares(await signed(keys.sign, TYP.share, shareBatch(keyset, ks, i, batch)));
  return note('ok', `已释放 ${batch.length} 份封装的分片。`, faults.join('；'));
}

/** @param {HTMLElement} card */
function control(card) {
  const button = /** @type {HTMLElement | null} */ (card.querySelector('[data-act]'));
  if (!button) return;
  const id = `say-${card.dataset.task}`;
  const { say, fail } = outcome(id);
  const act = button.dataset.act === 'drill' ? drill : releaseShares;
  onPress(button, async () => {
    try {
      const done = await act(card, say);
      say('');
      $(id).replaceChildren(done);
      button.hidden = true;
    } catch (error) {
      fail(explain(error));
    }
  });
}

if (maybe('makekey')) makeKeys();
for (const card of document.querySelectorAll('[data-task]')) if (card instanceof HTMLElement) control(card);
// A page that waits for its hour changes by itself when the hour has come.
document.addEventListener('over', () => setTimeout(() => location.reload(), 1500));
