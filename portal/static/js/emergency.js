// @ts-check
/**
 * A bidder gives the own file keys, because trustees fail and supervision has decided so. Before anything is given, this
 * page checks that the bid stands in the logged close list, under a checkpoint that a witness saw after the deadline: so
 * that nobody is talked into it while bids still come in. Then that the opening file is the one of this very bid.
 */
import { closeList, emergencyKeys, keyset, trust } from './api.js';
import './app.js';
import { hex } from './bytes.js';
import { verifyClose, verifyMine } from './closing.js';
import { Refusal, must } from './errors.js';
import { sign } from './jws.js';
import { chosenLicence } from './licence.js';
import { TYP, checkKeyset, emergencyKey } from './messages.js';
import { readSbk } from './sbk.js';
import { $, chosenBytes, input, maybe, note, onPress, outcome, tick } from './ui.js';
import { explain } from './words.js';

/**
 * The file keys, if the opening file is the one of this bid.
 * @param {import('./sbk.js').OpeningFile} file
 * @param {{tender: string, lot: string, bidder: string}} place
 * @param {string} slots `slot:eid` of every envelope in hex, as it was submitted
 */
export function keysOf(file, { tender, lot, bidder }, slots) {
  const mine = file.tender === tender && file.lot === lot && file.bidder === bidder;
  must(mine, 'sbk-other', 'the file is of another lot or bidder');
  const told = slots.split(' ').filter((text) => text !== '').sort();
  const kept = file.slots.map(({ slot, eid }) => `${slot}:${hex(eid)}`).sort();
  must(told.join(' ') === kept.join(' '), 'sbk-other', 'the file is of another submission');
  return file.slots.map(({ slot, eid, fk }) => ({ slot, eid, fk }));
}

/** @param {HTMLElement} card */
function control(card) {
  const { say, fail } = outcome('givesay');
  const { tender = '', lot = '', bidder = '', submission = '', slots = '' } = card.dataset;
  const place = { tender, lot, bidder };
  const lotId = location.pathname.split('/')[3] ?? '';
  onPress($('give'), async () => {
    try {
      if (!input('agree').checked) throw new Refusal('choose', '请先勾选确认');
      say('正在打开密钥文件…');
      const licence = await chosenLicence();
      const data = await chosenBytes(input('sbk'));
      if (!data) throw new Refusal('choose', '请选择解密备份文件（.sbk）');
      const file = await readSbk(data, input('sbkpass').value || input('licpass').value);
      say('正在核对封存清单…');
      const { keyset: told, ks } = await keyset(lotId);
      const { opens_at: opensAt } = await checkKeyset(told, ks);
      const list = await closeList(lotId);
      const { root } = await verifyClose(list.close, { tender, lot }, opensAt, await trust());
      await verifyMine(list, root, submission);
      tick(card, 'closelist');
      const keys = keysOf(file, place, slots);
      tick(card, 'file');
      say('正在签名并提交…');
      await emergencyKeys(await sign(licence.signer, TYP.emergency, emergencyKey(place, submission, keys)));
      tick(card, 'give');
      say('');
      $('give').hidden = true;
      $('givesay').replaceChildren(note('ok', '您的文件密钥已提交。', '全部投标文件的密钥到齐后，同时打开并唱标。'));
    } catch (error) {
      fail(explain(error));
    }
  });
}

const card = maybe('givecard');
if (card) control(card);
