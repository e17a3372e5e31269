// @ts-check
/**
 * A bidder releases the own secret inside the opening window. Before anything is released, this page checks that the
 * bid stands in the close list that was logged, under a checkpoint that a witness saw after the deadline.
 */
import { closeList, keyset, read, release, trust } from './api.js';
import './app.js';
import { fromB64u } from './bytes.js';
import { verifyClose, verifyMine, verifyTechnical } from './closing.js';
import { bytesSource, openBidder, parseHeader } from './envelope.js';
import { Refusal, must } from './errors.js';
import { sign } from './jws.js';
import { load } from './keys.js';
import { chosenLicence } from './licence.js';
import { TYP, checkKeyset, partsOf, release as message } from './messages.js';
import { readSbk } from './sbk.js';
import { $, chosenBytes, input, maybe, note, onPress, outcome, tick } from './ui.js';
import { explain } from './words.js';

/** @typedef {import('./wrap.js').WrapPrivate} WrapPrivate */

/**
 * The bidder's secret of an envelope, from whichever stanza one of the keys opens.
 * @param {import('./header.js').Header} header
 * @param {WrapPrivate[]} keys
 * @returns {Promise<Uint8Array>}
 * @throws {Refusal} `unwrap` if none does, `bidder-secret` if one opens to a value that was not committed to
 */
export async function releasedSecret(header, keys) {
  for (const key of keys) {
    for (const j of (header.bk ?? []).keys()) {
      try {
        return await openBidder(header, j, key);
      } catch (error) {
        if (!(error instanceof Refusal) || error.code !== 'unwrap') throw error;
      }
    }
  }
  throw new Refusal('unwrap');
}

/** @param {import('./keyfile.js').Licence} licence @returns {Promise<WrapPrivate[]>} */
async function keysAtHand(licence) {
  const data = await chosenBytes(input('sbk'));
  if (!data) return [licence.unwrapping];
  const file = await readSbk(data, input('licpass').value);
  return [(await load(file.key)).unwrapping, licence.unwrapping];
}

/** @param {HTMLElement} card */
function control(card) {
  const { say, fail } = outcome('releasesay');
  const { tender = '', lot = '', bidder = '', submission = '', headers = '' } = card.dataset;
  const lotId = location.pathname.split('/')[3] ?? '';
  onPress($('release'), async () => {
    try {
      say('正在打开密钥文件…');
      const licence = await chosenLicence();
      const keys = await keysAtHand(licence);
      say('正在核对封存清单…');
      const { keyset: told, ks } = await keyset(lotId);
      const known = await checkKeyset(told, ks);
      const trusted = await trust();
      const list = await closeList(lotId);
      const { root } = await verifyClose(list.close, { tender, lot }, known.opens_at, trusted);
      await verifyMine(list, root, submission);
      tick(card, 'closelist');
      say('正在核对封装…');
      const secrets = [];
      const given = await read(headers);
      const turn = given.step ?? 1;
      const parts = partsOf(known, turn);
      if (turn > 1) must((await verifyTechnical(given.technical, { tender, lot }, trusted)).has(bidder), 'technical');
      const own = given.headers.filter((/** @type {any} */ item) => item.bidder === bidder && parts.includes(item.slot));
      must(own.length > 0, 'eid');
      for (const { slot, eid, header: raw } of own) {
        const { header } = await parseHeader(bytesSource(fromB64u(raw)));
        const { core } = header;
        const place = core.tender === tender && core.lot === lot && core.ks === ks;
        must(place && core.bidder === bidder && core.slot === slot, 'eid');
        secrets.push({ slot, eid: fromB64u(eid, 32), secret: await releasedSecret(header, keys) });
      }
      tick(card, 'headers');
      tick(card, 'secret');
      say('正在签名并释放…');
      await release(await sign(licence.signer, TYP.release, message({ tender, lot, bidder }, submission, secrets)));
      tick(card, 'release');
      say('');
      $('releasesay').replaceChildren(note('ok', '您的密钥已释放。', '窗口关闭后，见证人释放分片，全部投标文件同时打开。'));
    } catch (error) {
      fail(explain(error));
    }
  });
}

const card = maybe('releasecard');
if (card && maybe('release')) control(card);
