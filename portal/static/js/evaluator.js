// @ts-check
/**
 * What an expert signs in the browser: the promise at check-in, the own verdicts and points, the report. Each payload is
 * put together from what the page shows and what the platform holds, so that nobody signs a digest of something else.
 *
 * Markup: a form with data-sign ("check-in", "review", "scores" or "report") and data-desk (address of the own desk);
 * outcomes in `#say`; the key as in ownkey.js.
 */
import { post, read } from './api.js';
import './app.js';
import { b64u, utf8 } from './bytes.js';
import { jcs } from './canonical.js';
import { Refusal, must } from './errors.js';
import { sha256 } from './hash.js';
import { sign } from './jws.js';
import { ownSigner } from './ownkey.js';
import { onPress, outcome } from './ui.js';
import { explain } from './words.js';

const { say, fail } = outcome('say');

/** @param {unknown} value */
const digest = async (value) => b64u(await sha256(jcs(value)));

/** @param {string[]} a @param {string[]} b */
function ascending(a, b) {
  const at = a.findIndex((text, i) => text !== b[i]);
  return at < 0 ? 0 : a[at] < b[at] ? -1 : 1;
}

/** @param {HTMLFormElement} form @param {string} name */
const chosen = (form, name) => new FormData(form).getAll(name).map(String);

/** Verdicts as they stand in the grid: names are v-ITEM-BID and r-ITEM-BID. @param {HTMLFormElement} form */
function marks(form) {
  const found = [];
  for (const [name, value] of new FormData(form)) {
    const parts = /^v-(.+)-([0-9a-f-]{36})$/.exec(name);
    if (!parts) continue;
    const [item, bid] = [parts[1], parts[2]];
    found.push({ bid, item, verdict: String(value), reason: chosen(form, `r-${item}-${bid}`)[0] ?? '' });
  }
  return found;
}

/** Points as they stand in the grid: names are CRITERION.BID. @param {HTMLFormElement} form */
function points(form) {
  const found = [];
  for (const [name, value] of new FormData(form)) {
    const parts = /^(.+)\.([0-9a-f-]{36})$/.exec(name);
    if (parts && String(value).trim() !== '') {
      found.push({ criterion: parts[1], bid: parts[2], points: String(value).trim() });
    }
  }
  return found;
}

/** @type {Record<string, (form: HTMLFormElement, href: string) => Promise<{typ: string, payload: any, send: (jws: string) => Promise<any>}>>} */
const ACTS = {
  async 'check-in'(form, href) {
    const desk = await read(href);
    const conflicts = chosen(form, 'conflict').sort();
    const payload = {
      v: 1, type: 'session.check-in', session: desk.session, seat: desk.seat,
      promise: b64u(await sha256(utf8(desk.promise))), conflicts,
    };
    const reason = chosen(form, 'conflict_reason')[0] ?? '';
    return {
      typ: 'session-check-in+jws', payload, send: (jws) => post(`${href}/check-in`, { jws, conflicts, reason }),
    };
  },
  async review(form, href) {
    const desk = await post(`${href}/reviews`, { marks: marks(form) });
    const rows = desk.marks.map((/** @type {any} */ m) => [m.bid, m.item, m.verdict, m.reason]).sort(ascending);
    const payload = lock('evaluation.review', desk, await digest(rows));
    return { typ: 'evaluation-review+jws', payload, send: (jws) => post(`${href}/lock`, { part: 'review', jws }) };
  },
  async scores(form, href) {
    const desk = await post(`${href}/scores`, { scores: points(form) });
    const rows = desk.scores.map((/** @type {any} */ s) => [s.bid, s.criterion, s.points]).sort(ascending);
    const payload = lock('evaluation.scores', desk, await digest(rows));
    return { typ: 'evaluation-scores+jws', payload, send: (jws) => post(`${href}/lock`, { part: 'scores', jws }) };
  },
  async report(form, href) {
    const desk = await read(href);
    const report = await digest(desk.report);
    must(report === desk.report_digest, 'entry-digest');
    const dissent = (chosen(form, 'dissent')[0] ?? '').trim();
    const payload = {
      v: 1, type: 'evaluation.report', session: desk.session, seat: desk.seat, report,
      dissent: dissent === '' ? null : b64u(await sha256(utf8(dissent))),
    };
    return { typ: 'evaluation-report+jws', payload, send: (jws) => post(`${href}/sign`, { jws, dissent }) };
  },
};

/** @param {string} type @param {any} desk @param {string} told */
const lock = (type, desk, told) => ({ v: 1, type, session: desk.session, seat: desk.seat, digest: told });

/** @param {HTMLFormElement} form */
function signing(form) {
  const button = /** @type {HTMLElement | null} */ (form.querySelector('[data-go]'));
  if (!button) return;
  onPress(button, async () => {
    try {
      const agree = /** @type {HTMLInputElement | null} */ (form.querySelector('[name=agree], [name=promise]'));
      if (agree && !agree.checked) throw new Refusal('choose', '请先勾选确认');
      say('正在打开密钥…');
      const signer = await ownSigner();
      say('正在核对并签名…');
      const { typ, payload, send } = await ACTS[form.dataset.sign ?? ''](form, form.dataset.desk ?? '');
      await send(await sign(signer, typ, payload));
      location.reload();
    } catch (error) {
      fail(explain(error));
    }
  });
}

for (const form of document.querySelectorAll('form[data-sign]')) if (form instanceof HTMLFormElement) signing(form);
