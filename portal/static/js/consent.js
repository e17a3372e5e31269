// @ts-check
/** Consent to a consortium: the licence key signs the agreement's digest, the members, their shares and their work. */
import { consentTo, envelope } from './api.js';
import { b64u } from './bytes.js';
import { sha256 } from './hash.js';
import { sign } from './jws.js';
import { chosenLicence } from './licence.js';
import { TYP } from './messages.js';
import { $, input, maybe, onPress, outcome } from './ui.js';
import { explain } from './words.js';

/** Whether the file that the page offers is the one whose digest is signed. @param {string} href @param {string} digest */
async function isTheAgreement(href, digest) {
  const file = await envelope(href);
  return b64u(await sha256(new Uint8Array(await file.arrayBuffer()))) === digest;
}

/** @param {HTMLElement} card */
function control(card) {
  const { say, fail } = outcome('consentsay');
  const { id = '', message = '', agreement = '' } = card.dataset;
  onPress($('consent'), async () => {
    if (!input('agree').checked) {
      fail('请先勾选声明。');
      input('agree').focus();
      return;
    }
    try {
      const signed = JSON.parse(message);
      say('正在核对联合体协议…');
      if (!await isTheAgreement(agreement, signed.agreement)) {
        fail('协议文件与约定中的指纹不一致，没有签名。请刷新页面；仍不一致的，请联系牵头人。');
        return;
      }
      say('正在签名…');
      const licence = await chosenLicence();
      const jws = await sign(licence.signer, TYP.consortium, signed);
      say('正在提交…');
      await consentTo(id, jws);
      location.reload();
    } catch (error) {
      fail(explain(error));
    }
  });
}

const card = maybe('consentcard');
if (card) control(card);
