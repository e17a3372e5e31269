// @ts-check
/**
 * Somebody present signs the opening record. What is signed is fetched here and its digest computed here; it has to be
 * the one that this page shows, so that nobody signs another record than the one that was read.
 *
 * Markup: `#signcard` with data-draft (address), data-digest, data-send, data-with ("licence" or "person"); radios named
 * `stance`, `#remark`, the button `#signrecord`; outcomes in `#signsay`.
 */
import { post, read } from './api.js';
import './app.js';
import { b64u } from './bytes.js';
import { jcs } from './canonical.js';
import { Refusal, must } from './errors.js';
import { sha256 } from './hash.js';
import { sign } from './jws.js';
import { chosenLicence } from './licence.js';
import { TYP, recordSignature } from './messages.js';
import { ownSigner } from './ownkey.js';
import { $, input, maybe, onPress, outcome } from './ui.js';
import { explain } from './words.js';

/**
 * The message, once the record is the one that was read.
 * @param {any} draft
 * @param {string} shown digest that the page shows
 * @param {string} stance
 * @param {string} remark
 */
export async function messageOf(draft, shown, stance, remark) {
  const digest = b64u(await sha256(jcs(draft)));
  must(digest === shown && draft.type === 'opening.draft', 'choose', '开标记录已有变化，请刷新页面，核对后再签署');
  if (stance !== 'agreed' && stance !== 'objection') throw new Refusal('choose', '请选择有无异议');
  const said = stance === 'objection' ? remark.trim() : '';
  if (stance === 'objection' && said === '') throw new Refusal('choose', '请写明意见');
  return recordSignature(draft, digest, stance, said);
}

/** @param {HTMLElement} card */
function control(card) {
  const { say, fail } = outcome('signsay');
  const { draft: href = '', digest = '', send = '', with: kind = '' } = card.dataset;
  onPress($('signrecord'), async () => {
    try {
      const chosen = /** @type {HTMLInputElement | null} */ (card.querySelector('[name=stance]:checked'));
      say('正在核对开标记录…');
      const { draft } = await read(href);
      const message = await messageOf(draft, digest, chosen?.value ?? '', input('remark').value);
      say('正在签名并提交…');
      const signer = kind === 'licence' ? (await chosenLicence()).signer : await ownSigner();
      await post(send, { jws: await sign(signer, TYP.signature, message) });
      location.reload();
    } catch (error) {
      fail(explain(error));
    }
  });
}

const card = maybe('signcard');
if (card) control(card);
