// @ts-check
/** Opening the licence that the user chose in the two controls of the macro `key_fields`. */
import { Refusal } from './errors.js';
import { readLicence } from './keyfile.js';
import { chosenBytes, input } from './ui.js';

/**
 * @returns {Promise<import('./keyfile.js').Licence>}
 * @throws {Refusal} `choose` with a sentence, or what reading refuses
 */
export async function chosenLicence() {
  const data = await chosenBytes(input('licfile'));
  if (!data) throw new Refusal('choose', '请选择电子营业执照密钥文件');
  const passphrase = input('licpass').value;
  if (passphrase === '') throw new Refusal('choose', '请输入密钥口令');
  return readLicence(data, passphrase);
}
