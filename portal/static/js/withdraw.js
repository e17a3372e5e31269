// @ts-check
/** Withdraw a submitted bid: the licence key signs a withdrawal that refers to the submission in force. */
import { Offline, receiptOf, withdraw } from './api.js';
import { b64u } from './bytes.js';
import { sign } from './jws.js';
import { chosenLicence } from './licence.js';
import { TYP, submissionDigest, withdrawal } from './messages.js';
import { settle } from './settle.js';
import { $, el, input, maybe, note, onPress, outcome } from './ui.js';
import { explain } from './words.js';

/** @param {HTMLElement} card */
function control(card) {
  const { say, fail } = outcome('withdrawsay');
  const { tender = '', lot = '', bidder = '', prev = '', rev = '' } = card.dataset;
  onPress($('withdraw'), async () => {
    if (!input('agree').checked) {
      fail('请先勾选声明。');
      input('agree').focus();
      return;
    }
    try {
      say('正在签名…');
      const licence = await chosenLicence();
      const message = withdrawal({ tender, lot, bidder }, Number(rev), prev);
      const digest = b64u(await submissionDigest(message));
      const jws = await sign(licence.signer, TYP.withdrawal, message);
      say('正在递交撤回通知…');
      const { checked } = await settle(() => withdraw(jws), () => receiptOf(digest), say);
      const receipt = el('a', { href: `/b/receipts/${digest}` }, '查看回执');
      card.replaceChildren(
        el('div', { class: 'body' }, note('ok', '已撤回，平台已签发回执。', `${checked} `, receipt)),
      );
    } catch (error) {
      const unsure = error instanceof Offline;
      fail(unsure ? '网络中断，尚不确定平台是否收到。请稍后刷新本页查看状态。' : explain(error));
    }
  });
}

const card = maybe('withdrawcard');
if (card) control(card);
