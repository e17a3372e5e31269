// @ts-check
/**
 * From a signed act to a verified receipt. After a broken connection nobody knows whether the server acted; then the
 * receipt is asked for by the digest of the act, and the act is never sent a second time blindly.
 */
import { Offline, Problem, poll, trust } from './api.js';
import { Refusal } from './errors.js';
import { verifyReceipt } from './log.js';
import { pause } from './ui.js';
import { explain } from './words.js';

const POLL_MS = 500;
const PATIENCE_MS = 90_000;

/** @typedef {{bundle: any, checked: string, sound: boolean}} Settled `checked` is a sentence for the page */

/**
 * @param {() => Promise<any>} send
 * @param {() => Promise<any>} ask for the receipt by digest
 * @param {(text: string) => void} say
 * @returns {Promise<Settled>}
 * @throws {Problem} the server refused; {@link Offline} the outcome is still not known
 */
export async function settle(send, ask, say) {
  /** @type {any} */
  let bundle;
  try {
    bundle = await send();
  } catch (error) {
    if (!(error instanceof Offline)) throw error;
    say('网络中断，尚不确定平台是否收到。正在查询……');
    bundle = await asked(ask);
  }
  const until = performance.now() + PATIENCE_MS;
  while (!bundle.receipt && bundle.poll && performance.now() < until) {
    say('平台已收到，正在写入公开账本……');
    await pause(POLL_MS);
    bundle = await poll(bundle.poll).catch((error) => {
      if (error instanceof Offline) return bundle;
      throw error;
    });
  }
  if (!bundle.receipt) throw new Offline();
  return { bundle, ...(await verdict(bundle)) };
}

/**
 * @param {() => Promise<any>} ask
 * @returns {Promise<any>}
 */
async function asked(ask) {
  for (let attempt = 0; ; attempt++) {
    await pause(1000 * 2 ** attempt);
    try {
      return await ask();
    } catch (error) {
      if (error instanceof Problem && error.status === 404) {
        throw new Problem(404, { code: 'not-received', detail: '平台未收到，请重新确认递交。' });
      }
      if (!(error instanceof Offline) || attempt >= 5) throw error;
    }
  }
}

/**
 * Verifies the receipt here. A receipt that does not verify is still kept and shown: it is evidence.
 * @param {any} bundle
 */
async function verdict(bundle) {
  try {
    await verifyReceipt(bundle, await trust());
    return { checked: '本机已核验平台签名与账本证明。', sound: true };
  } catch (error) {
    const unable = error instanceof Offline || (error instanceof Refusal && error.code === 'unsupported');
    const text = explain(error);
    return { checked: unable ? `本机未能核验回执：${text}` : `回执核验不通过：${text}请保存回执并联系监督部门。`, sound: false };
  }
}
