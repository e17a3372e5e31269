// @ts-check
/**
 * The sign-in page's code: shows it, counts down, follows what the wallet does, and collects the session. The code and
 * the session belong to this browser; the server keeps it so.
 */
import { post, read } from './api.js';
import { $, el, icon, maybe, onPress, pause } from './ui.js';
import { explain } from './words.js';

const EVERY_MS = 1200;
/** @typedef {{id: string, state: string, display: string, left_ms: number, url: string, image: string, detail?: string}} Scan */

/** @type {Record<string, [string, string]>} what covers a code that is over: icon, words */
const VEILS = {
  expired: ['warn', '二维码已过期'],
  declined: ['bad', '已在手机上取消'],
  refused: ['bad', '执照未通过核验'],
  collected: ['ok', '登录成功'],
  signed: ['ok', '已确认，正在登录'],
  opened: ['info', '已扫码，请在手机上确认'],
  failed: ['bad', '暂时不能取得二维码'],
};
/** @type {Record<string, string>} */
const SAY = {
  waiting: '等待扫码…',
  opened: '已扫码。请核对两边的数字，然后在手机上确认。',
  signed: '手机已确认，正在登录…',
  expired: '这个二维码已过期，没有人用它登录过。请换一个新码。',
  declined: '登录已在手机上取消。如果不是您操作的，请检查是谁扫描了屏幕。',
};
const ORDER = ['waiting', 'opened', 'signed'];

/** Which code is being followed: an older loop ends as soon as there is a newer one. */
let current = 0;

/** @param {string} state @param {string} [detail] */
function show(state, detail) {
  const veil = VEILS[state];
  $('scanveil').hidden = !veil;
  if (veil) {
    $('scanveilicon').replaceChildren(icon(veil[0]));
    $('scanveilword').textContent = veil[1];
  }
  $('scanbox').dataset.state = state;
  $('scanstatus').textContent = detail ?? SAY[state] ?? '';
  $('scanstatus').classList.toggle('t--bad', state === 'refused' || state === 'failed');
  $('scannew').hidden = !['expired', 'declined', 'refused', 'failed'].includes(state);
  const at = ORDER.indexOf(state);
  for (const step of document.querySelectorAll('[data-scan]')) {
    const own = ORDER.indexOf(/** @type {HTMLElement} */ (step).dataset.scan ?? '');
    step.classList.toggle('is-done', at > own);
    if (at === own) step.setAttribute('aria-current', 'step');
    else step.removeAttribute('aria-current');
  }
}

/** @param {number} end by `performance.now()` @param {number} mine */
function countDown(end, mine) {
  if (mine !== current) return;
  const left = Math.max(0, Math.ceil((end - performance.now()) / 1000));
  const node = $('scanleft');
  node.replaceChildren('剩余 ', el('b', {}, String(left)), ' 秒');
  node.classList.toggle('is-short', left <= 20);
  if (left > 0) setTimeout(() => countDown(end, mine), 250);
}

/** @param {string} base */
async function begin(base) {
  const mine = ++current;
  /** @type {Scan} */
  let scan;
  try {
    scan = await post(base, {});
  } catch (error) {
    $('scanleft').textContent = '';
    show('failed', explain(error));
    return;
  }
  const picture = /** @type {HTMLImageElement} */ ($('scanqr'));
  picture.src = scan.image;
  picture.hidden = false;
  $('scannumber').textContent = scan.display;
  const own = new URL(scan.url);
  $('scanhere').setAttribute('href', own.pathname + own.search);
  show('waiting');
  countDown(performance.now() + scan.left_ms, mine);
  await follow(base, scan.id, mine);
}

/** @param {string} base @param {string} id @param {number} mine */
async function follow(base, id, mine) {
  let failures = 0;
  while (mine === current) {
    await pause(EVERY_MS);
    if (document.hidden || mine !== current) continue;
    try {
      /** @type {Scan} */
      const scan = await read(`${base}/${encodeURIComponent(id)}`);
      failures = 0;
      if (mine !== current) return;
      show(scan.state, scan.detail);
      if (scan.state === 'signed') return void (await collect(base, id));
      if (!ORDER.includes(scan.state)) return;
    } catch (error) {
      failures += 1;
      $('scanstatus').textContent = explain(error);
      if (failures > 4) return show('failed', explain(error));
    }
  }
}

/** @param {string} base @param {string} id */
async function collect(base, id) {
  try {
    const { next } = await post(`${base}/${encodeURIComponent(id)}/session`, {});
    current += 1;
    show('collected');
    location.assign(/^\/(?![/\\])/.test(next) ? next : '/');
  } catch (error) {
    show('failed', explain(error));
  }
}

const card = maybe('scancard');
if (card) {
  const base = card.dataset.scans ?? '';
  onPress($('scannew'), () => {
    void begin(base);
    return Promise.resolve();
  });
  void begin(base);
}
