// @ts-check
/**
 * Public verification in the reader's own browser: a draw is recomputed, a receipt is checked against the trust file,
 * prices are read out of the sealed forms with their published keys, a file's fingerprint is computed. Nothing that the
 * server says about a result is believed; it only delivers the inputs.
 */
import { envelope, read, trust } from './api.js';
import './app.js';
import { b64u, fromB64u, fromUtf8, hex } from './bytes.js';
import { parse } from './canonical.js';
import { verifyDraw } from './drawcheck.js';
import { blobSource, openEnvelope } from './envelope.js';
import { Refusal, must } from './errors.js';
import { sha256, tally } from './hash.js';
import { verifyReceipt } from './log.js';
import { $, el, input, maybe, moment, note, onPress, short, tag, tick } from './ui.js';
import { explain } from './words.js';

/** Runs a check and says how many hashes it took, and how long. @param {() => Promise<void>} act */
async function measured(act) {
  const [before, started] = [tally.hashes, performance.now()];
  await act();
  const ms = Math.max(1, Math.round(performance.now() - started));
  return `本机共计算 ${tally.hashes - before} 次 SHA-256，用时 ${ms} 毫秒。`;
}

/** The box above a transcript. @param {boolean} ok @param {string} lead @param {string} text */
function result(ok, lead, text) {
  const box = $('vres');
  box.className = `note mb4 note--${ok ? 'ok' : 'bad'}`;
  const strong = box.querySelector('strong');
  if (strong) strong.textContent = lead;
  $('vtext').textContent = text;
  box.hidden = false;
}

/** What a person does who finds a mismatch. */
const ALARM = '请保存本页并拨打监督电话。';

/** @param {HTMLElement} card */
function drawPage(card) {
  onPress($('verify'), async () => {
    for (const step of card.querySelectorAll('.tx > .v')) step.classList.remove('v');
    try {
      const { transcript, pool } = await read(card.dataset.verify ?? '');
      const trusted = await trust();
      const words = await measured(async () => {
        await verifyDraw(transcript, pool, trusted, (step) => tick(card, step));
      });
      result(true, '全部一致。', words);
    } catch (error) {
      result(false, '不一致！', `${explain(error)}${ALARM}`);
    }
  });
}

/** @param {HTMLElement} card */
function receiptPage(card) {
  onPress($('verify'), async () => {
    try {
      const bundle = await read(card.dataset.verifyReceipt ?? '');
      const trusted = await trust();
      const words = await measured(async () => {
        await verifyReceipt(bundle, trusted, (step) => tick(card, step));
      });
      result(true, '全部一致。', words);
    } catch (error) {
      result(false, '不一致！', `${explain(error)}${ALARM}`);
    }
  });
}

/**
 * A list of checks that grows as they hold.
 * @param {HTMLElement} place
 */
function checklist(place) {
  const list = el('ol', { class: 'tx mt4' });
  place.replaceChildren(list);
  return (/** @type {string} */ text) => list.append(el('li', { class: 'v' }, el('b', {}, text)));
}

/** @type {Record<string, string>} */
const RECEIPT_STEPS = {
  signature: '平台签名有效', type: '是投标接收回执', entry: '账本条目与回执内容一致', checkpoint: '检查点由账本签名',
  witness: '检查点由见证方签名', inclusion: '记录在账本之中',
};

/** @type {Record<string, string>} */
const DRAW_STEPS = {
  pool: '名录与抽取前冻结的一致', commits: '各方承诺有签名且按时', close: '承诺名单已封闭', escrow: '托管的分片按时交付并确认', reveals: '揭示的随机数与承诺一致',
  beacon: '公共随机数有见证', seed: '种子重新合成一致', outcome: '结果重新计算一致', replacements: '替补按规定次序', log: '全部记录在账本之中',
};

/**
 * Checks a file of the reader: a receipt, or a draw's transcript with its pool.
 * @param {File} file
 * @param {HTMLElement} place
 */
async function checkFile(file, place) {
  const add = checklist(place);
  try {
    const value = JSON.parse(fromUtf8(new Uint8Array(await file.arrayBuffer())));
    const trusted = await trust();
    const words = await measured(async () => {
      if (value?.transcript) {
        await verifyDraw(value.transcript, value.pool, trusted, (step) => add(DRAW_STEPS[step] ?? step));
        return;
      }
      const { detail } = await verifyReceipt(value, trusted, (step) => add(RECEIPT_STEPS[step] ?? step));
      const time = moment(detail.received_at);
      add(`${detail.tender} 标段 ${detail.lot}，第 ${detail.rev} 次递交，${time}（北京时间）收到`);
    });
    place.prepend(note('ok', '全部一致。', words));
  } catch (error) {
    const text = error instanceof SyntaxError ? '请选择回执文件：这不是 JSON 文件。' : explain(error);
    place.prepend(note('bad', '没有通过。', text));
  }
}

/** Fingerprint of a file, which is then looked up by its text; the file stays here. @param {File} file */
async function fingerprint(file) {
  const place = $('hashout');
  place.replaceChildren('正在计算…');
  try {
    const digest = await sha256(new Uint8Array(await file.arrayBuffer()));
    const link = el('a', { href: `/verify?q=${hex(digest)}` }, '到公开账本查找这个指纹');
    place.replaceChildren(el('code', {}, hex(digest)), el('p', { class: 'small mt2' }, link));
  } catch {
    place.replaceChildren(note('bad', '请重新选择：', '文件无法读取。'));
  }
}

/**
 * Reads the price out of one sealed form with its published key.
 * @param {import('./api.js').PublishedForm} item
 */
async function priceOf(item) {
  const { header, data, eid } = await openEnvelope(blobSource(await envelope(item.envelope)), fromB64u(item.fk, 32));
  const form = parse(new Uint8Array(await data.arrayBuffer()));
  must(header.core.slot === 'form' && header.core.bidder === item.bidder, 'eid');
  return { price: String(form.price), eid: b64u(eid) };
}

async function checkForms() {
  const place = $('formsout');
  const body = el('tbody', {});
  const head = ['投标人', '由密文算出的报价（元）', '公布的报价（元）', '封装编号', '核对'];
  const columns = el('tr', {}, ...head.map((text) => el('th', { scope: 'col' }, text)));
  const table = el('table', { class: 'tbl tbl--tight' }, el('thead', {}, columns), body);
  place.replaceChildren(el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': '复算结果' }, table));
  try {
    const items = await read(/** @type {HTMLSelectElement} */ (/** @type {unknown} */ ($('formslot'))).value);
    let good = 0;
    const words = await measured(async () => {
      for (const item of items) {
        const row = el('tr', {}, el('th', { scope: 'row' }, item.name));
        body.append(row);
        try {
          const { price, eid } = await priceOf(item);
          const same = price === String(item.price);
          good += same ? 1 : 0;
          const verdict = same ? tag('ok', '一致') : tag('bad', '不一致');
          const cells = [price, String(item.price)].map((text) => el('td', { class: 'num' }, text));
          row.append(...cells, el('td', {}, short(eid)), el('td', {}, verdict));
        } catch (error) {
          row.append(el('td', { class: 'badtext' }, explain(error)));
        }
      }
    });
    const all = items.length > 0 && good === items.length;
    place.prepend(note(all ? 'ok' : 'bad', `${good} / ${items.length} 份一致。`, all ? words : ALARM));
  } catch (error) {
    place.prepend(note('bad', explain(error)));
  }
}

/** A file input, also by dropping a file on its label. @param {string} id @param {(file: File) => void} take */
function onFile(id, take) {
  const field = input(id);
  field.addEventListener('change', () => field.files?.[0] && take(field.files[0]));
  const zone = document.querySelector(`label[for="${id}"]`);
  zone?.addEventListener('dragover', (event) => event.preventDefault());
  zone?.addEventListener('drop', (event) => {
    event.preventDefault();
    const file = /** @type {DragEvent} */ (event).dataTransfer?.files[0];
    if (file) take(file);
  });
}

/** @param {string} selector @param {(card: HTMLElement) => void} control */
function attach(selector, control) {
  const card = document.querySelector(selector);
  if (card instanceof HTMLElement && maybe('verify')) control(card);
}

attach('[data-verify]', drawPage);
attach('[data-verify-receipt]', receiptPage);
if (maybe('receiptfile')) onFile('receiptfile', (file) => void checkFile(file, $('receiptout')));
if (maybe('hashfile')) onFile('hashfile', (file) => void fingerprint(file));
if (maybe('verifyforms')) onPress($('verifyforms'), checkForms);
if (!globalThis.crypto?.subtle) throw new Refusal('unsupported');
