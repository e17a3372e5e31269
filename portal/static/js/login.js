// @ts-check
/**
 * Log in with an e-licence: the key signs a challenge of the server that holds for this site, this session, once, and
 * for two minutes. The key file is read here and goes nowhere.
 */
import { answer } from './answer.js';
import { challenge, login } from './api.js';
import { now } from './app.js';
import { Refusal } from './errors.js';
import { sign } from './jws.js';
import { chosenLicence } from './licence.js';
import { $, maybe, onPress, outcome } from './ui.js';
import { explain } from './words.js';

/** @param {HTMLElement} card */
function control(card) {
  const { say, fail } = outcome('loginsay');
  onPress($('login'), async () => {
    try {
      say('正在打开密钥文件…');
      const licence = await chosenLicence();
      say('正在向平台取得挑战…');
      const given = await challenge();
      if (given.act !== 'login' || given.aud !== card.dataset.audience) throw new Refusal('audience');
      const token = await sign(licence.signer, 'lic-login+jws', answer(given, licence.uscc, now()));
      say('正在登录…');
      const { next } = await login(token);
      // Only a path of this site is followed, whatever the answer says.
      location.assign(/^\/(?![/\\])/.test(next) ? next : '/');
    } catch (error) {
      fail(explain(error));
    }
  });
}

const card = maybe('logincard');
if (card) control(card);
