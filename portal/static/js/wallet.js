// @ts-check
/**
 * The page that acts as the holder's phone. Licence files lie in this browser's own store, still locked by their
 * passphrase; one is opened for one signature, by WebCrypto, with a key that cannot be exported. Only the public
 * protocol is spoken: open, answer, decline.
 */
import { post } from './api.js';
import { b64u } from './bytes.js';
import { Refusal } from './errors.js';
import { sign } from './jws.js';
import { readLicence } from './keyfile.js';
import { answer } from './answer.js';
import { all as allKept, forget, keep } from './walletstore.js';
import { $, chosenBytes, el, icon, input, onPress, outcome } from './ui.js';
import { explain } from './words.js';

/** @typedef {{site: string, aud: string, act: string, nonce: string, bind: string, display: string, expires: string, offset_s: number}} Prompt */

const phone = $('main');
const DOORS = phone.dataset.doors ?? '';
/** This wallet's own secret for one code: whoever opened it answers it. */
const SECRET = b64u(crypto.getRandomValues(new Uint8Array(18)));

/** @type {{id: string, prompt: Prompt} | null} */
let open = null;

/** Code id in an address, which must be of this site: a code of another site is not answered here. @param {string} text */
function codeOf(text) {
  let url;
  try {
    url = new URL(text, location.href);
  } catch {
    throw new Refusal('choose', '请粘贴登录二维码的完整网址');
  }
  const code = url.searchParams.get('c') ?? '';
  if (url.origin !== location.origin || url.pathname !== '/wallet') {
    throw new Refusal('choose', '这个二维码不是本平台的登录二维码，请不要继续');
  }
  if (!/^[\w-]{8,64}$/.test(code)) throw new Refusal('choose', '网址里没有登录二维码的编号');
  return code;
}

/** @param {string} kind @param {string} word @param {string} text */
function finish(kind, word, text) {
  open = null;
  $('ask').hidden = true;
  $('done').hidden = false;
  $('done').dataset.kind = kind;
  $('doneicon').replaceChildren(icon(kind));
  $('doneword').textContent = word;
  $('donetext').textContent = text;
}

/** @param {string} id */
async function ask(id) {
  $('done').hidden = true;
  try {
    /** @type {Prompt} */
    const prompt = await post(`${DOORS}/${encodeURIComponent(id)}/open`, { wallet: SECRET });
    // What is signed must be for the site that this page came from, and be a sign-in.
    if (prompt.aud !== location.origin || prompt.aud !== phone.dataset.audience || prompt.act !== 'login') {
      throw new Refusal('audience');
    }
    open = { id, prompt };
    $('asksite').textContent = prompt.site;
    $('askaud').textContent = prompt.aud;
    $('asknumber').textContent = prompt.display;
    $('ask').hidden = false;
    countDown(Date.parse(prompt.expires) - prompt.offset_s * 1000, id);
    (input('askpass').value === '' ? input('askpass') : $('askyes')).focus();
  } catch (error) {
    finish('bad', '不能登录', explain(error));
  }
}

/** @param {number} end on this device's clock @param {string} id */
function countDown(end, id) {
  if (open?.id !== id) return;
  const left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
  $('askleft').textContent = `${left} 秒内确认有效`;
  if (left > 0) setTimeout(() => countDown(end, id), 500);
  else finish('warn', '已过期', '登录二维码已过期（120 秒），请在电脑上换一个新码，重新扫码。');
}

/** @param {ReturnType<typeof outcome>} told */
async function confirm({ say, fail }) {
  if (!open) return;
  const { id, prompt } = open;
  try {
    const chosen = /** @type {HTMLSelectElement} */ ($('askwho')).value;
    const kept = (await allKept()).find((row) => row.uscc === chosen);
    if (!kept) throw new Refusal('choose', '请先导入执照');
    const passphrase = input('askpass').value;
    if (passphrase === '') throw new Refusal('choose', '请输入执照口令');
    say('正在打开执照…');
    const licence = await readLicence(kept.file, passphrase);
    input('askpass').value = '';
    say('正在签名…');
    // The device's own clock; a rehearsal says by how much its clock is moved.
    const token = await sign(licence.signer, 'lic-login+jws', answer(prompt, licence.uscc, Date.now() + prompt.offset_s * 1000));
    await post(`${DOORS}/${encodeURIComponent(id)}/answer`, { wallet: SECRET, token });
    finish('ok', '已确认登录', `${licence.name} 已在显示数字 ${prompt.display} 的浏览器登录。现在可以回到电脑上。`);
  } catch (error) {
    if (error instanceof Refusal && ['choose', 'passphrase', 'offline'].includes(error.code)) fail(explain(error));
    else finish('bad', '登录被拒绝', explain(error));
  }
}

async function decline() {
  if (!open) return;
  try {
    await post(`${DOORS}/${encodeURIComponent(open.id)}/decline`, { wallet: SECRET });
    finish('warn', '已拒绝', '没有签名，没有人登录。如果您没有要求登录，请当心引导您扫码的人。');
  } catch (error) {
    finish('bad', '未能拒绝', explain(error));
  }
}

async function show() {
  const rows = await allKept();
  $('none').hidden = rows.length > 0;
  $('list').replaceChildren(...rows.map(cardOf));
  $('askwho').replaceChildren(...rows.map((row) => el('option', { value: row.uscc }, row.name)));
}

/** @param {{uscc: string, name: string}} row */
function cardOf({ uscc, name }) {
  const remove = el('button', { class: 'btn btn--plain btn--s', type: 'button' }, '移除', el('span', { class: 'vh' }, name));
  onPress(remove, async () => {
    if (remove.dataset.sure) {
      await forget(uscc);
      await show();
      return;
    }
    remove.dataset.sure = '1';
    remove.textContent = '再按一次，从本机移除';
  });
  const face = el('div', {}, el('b', {}, name), el('span', { class: 'mono' }, uscc), el('small', {}, '电子营业执照 · 已由口令锁住'));
  return el('li', {}, face, remove);
}

/** @param {ReturnType<typeof outcome>} told */
async function take({ say, fail }) {
  try {
    const file = await chosenBytes(input('impfile'));
    if (!file) throw new Refusal('choose', '请选择执照文件');
    const passphrase = input('imppass').value;
    if (passphrase === '') throw new Refusal('choose', '请输入执照口令');
    say('正在试开执照…');
    const { uscc, name } = await readLicence(file, passphrase);
    await keep({ uscc, name, file });
    input('imppass').value = '';
    input('impfile').value = '';
    say(`已导入：${name}`);
    await show();
  } catch (error) {
    fail(explain(error));
  }
}

const asking = outcome('asksay');
const importing = outcome('impsay');
onPress($('askyes'), () => confirm(asking));
onPress($('askno'), decline);
onPress($('imp'), () => take(importing));
$('pasteform').addEventListener('submit', (event) => {
  event.preventDefault();
  try {
    void ask(codeOf(input('paste').value));
  } catch (error) {
    finish('bad', '不能登录', explain(error));
  }
});
void show().then(() => {
  if (new URLSearchParams(location.search).has('c')) void ask(codeOf(location.href));
});
