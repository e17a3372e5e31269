// @ts-check
/** Appoint a clerk: the organisation's licence key signs who may do what, in which lots, until when. */
import { appointClerk } from './api.js';
import { now } from './app.js';
import { sign } from './jws.js';
import { chosenLicence } from './licence.js';
import { $, input, maybe, onPress, outcome } from './ui.js';
import { explain } from './words.js';

export const TYP_APPOINTMENT = 'otp-appointment+jws';

/**
 * The message that is signed.
 * @param {string} uscc
 * @param {{kid: string, name: string}} clerk
 * @param {string[]} scopes
 * @param {string[] | null} lots null for every lot
 * @param {number} from milliseconds
 * @param {number} until milliseconds
 */
export function appointment(uscc, clerk, scopes, lots, from, until) {
  const written = (/** @type {number} */ ms) => new Date(ms).toISOString();
  return {
    v: 1, type: 'appointment', uscc, clerk, scopes, lots, not_before: written(from), expires: written(until),
  };
}

/** @param {string} box @returns {string[]} values of what is ticked in it */
const ticked = (box) => [...$(box).querySelectorAll('input[type=checkbox]')]
  .map((node) => /** @type {HTMLInputElement} */ (node)).filter((node) => node.checked).map((node) => node.value);

/** @param {string} name @returns {HTMLInputElement | null} */
const chosen = (name) => document.querySelector(`input[name=${name}]:checked`);

/** The end of a day in China, whatever zone the machine is in. @param {string} date */
const endOfDay = (date) => Date.parse(`${date}T00:00:00+08:00`) + 86_400_000;

/** @param {HTMLElement} card */
function control(card) {
  const { say, fail } = outcome('appointsay');
  onPress($('appoint'), async () => {
    const who = chosen('who');
    const scopes = ticked('scopes');
    const some = chosen('range')?.value === 'some';
    const lots = some ? ticked('lots') : null;
    const date = input('until').value;
    if (!who) return fail('请选择授权给谁。');
    if (scopes.length === 0) return fail('请至少选择一项可以做的事。');
    if (lots && lots.length === 0) return fail('请选择至少一个标段，或改为全部标段。');
    if (!date) return fail('请填写授权截止日期。');
    try {
      say('正在签名…');
      const licence = await chosenLicence();
      const clerk = { kid: who.value, name: who.dataset.name ?? '' };
      const message = appointment(licence.uscc, clerk, scopes.sort(), lots, now(), endOfDay(date));
      const jws = await sign(licence.signer, TYP_APPOINTMENT, message);
      say('正在提交…');
      await appointClerk(jws);
      location.assign('/b/clerks');
    } catch (error) {
      fail(explain(error));
    }
    return undefined;
  });
}

const card = maybe('appointcard');
if (card) control(card);
