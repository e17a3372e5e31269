// @ts-check
/**
 * An inspector signs the record of an inspected object. What is signed is put together from the record that the platform
 * holds, and only if that is word for word what the page shows.
 *
 * Markup (macros/inspection.html): `#signcard` with data-sign (address of the record) and data-digest; what is shown in
 * elements with data-told, data-told-item and data-told-evidence; `#signagree`, `#signrecord`; outcomes in `#signsay`.
 */
import { post, read } from './api.js';
import './app.js';
import { b64u } from './bytes.js';
import { jcs } from './canonical.js';
import { Refusal, must } from './errors.js';
import { sha256 } from './hash.js';
import { sign } from './jws.js';
import { ownSigner } from './ownkey.js';
import { $, input, maybe, onPress, outcome } from './ui.js';
import { explain } from './words.js';

/** @type {Record<string, string>} */
const VERDICTS = { ok: '未发现问题', issue: '发现问题' };

/** Line ends differ between what was typed and what a page holds. @param {string | null} text */
const plain = (text) => (text ?? '').replaceAll('\r\n', '\n').trim();

/**
 * Compares the page with the record, both ways: nothing is missing, nothing is added, nothing is said differently.
 * @param {HTMLElement} card
 * @param {any} record
 * @throws {Refusal} `record-shown`
 */
export function mustShow(card, record) {
  const all = (/** @type {string} */ selector) => /** @type {HTMLElement[]} */ ([...card.querySelectorAll(selector)]);
  const told = new Map(all('[data-told]').map((node) => [node.dataset.told, plain(node.textContent)]));
  for (const name of ['findings', 'summary', 'basis']) {
    must((told.get(name) ?? '') === plain(record[name]), 'record-shown', name);
  }
  must(told.get('code')?.split(' ')[0] === record.code, 'record-shown', 'code');
  const items = all('[data-told-item]');
  must(items.length === Object.keys(record.items).length, 'record-shown', 'items');
  for (const node of items) {
    must(plain(node.textContent) === VERDICTS[record.items[node.dataset.toldItem ?? '']], 'record-shown', 'items');
  }
  const evidence = all('[data-told-evidence]').map((node) => node.dataset.toldEvidence);
  const kept = record.evidence.map((/** @type {any} */ piece) => piece.sha256);
  must(evidence.join() === kept.join(), 'record-shown', 'evidence');
}

async function signNow() {
  const card = $('signcard');
  if (!input('signagree').checked) throw new Refusal('choose', '请先勾选确认');
  const signer = await ownSigner();
  const { sign: href = '', digest: shown = '' } = card.dataset;
  const { record } = await read(href);
  mustShow(card, record);
  const digest = b64u(await sha256(jcs(record)));
  must(digest === shown, 'record-shown', 'digest');
  const { inspection, object, version } = record;
  const payload = { v: 1, type: 'inspection.record-signature', inspection, object, version, digest };
  await post(`${href}/signatures`, { jws: await sign(signer, 'inspection-record+jws', payload) });
}

if (maybe('signrecord')) {
  const { say, fail } = outcome('signsay');
  onPress($('signrecord'), async () => {
    try {
      say('正在核对并签名…');
      await signNow();
      location.reload();
    } catch (error) {
      fail(explain(error));
    }
  });
}
