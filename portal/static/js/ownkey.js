// @ts-check
/**
 * A person's own signing key on the pages that sign: made once in this browser and kept in a file (macro `make_key`),
 * opened from that file whenever something is signed (macro `key_fields`). Only the public half is sent.
 *
 * Markup: `#makekey` with `#newpass`; `#keyfile` with `#keypass`; outcomes in `#say`.
 */
import { registerKey } from './api.js';
import { b64u } from './bytes.js';
import { Refusal } from './errors.js';
import { makePersonFile, readPersonFile } from './keyfile.js';
import { $, chosenBytes, input, maybe, onPress, outcome, save } from './ui.js';
import { explain } from './words.js';

const MIN_PASSPHRASE = 12;

/**
 * Opens the chosen key file: the key that signs and the one that opens shares.
 * @returns {Promise<{signer: import('./jws.js').Signer & {kid: string}, unwrap: import('./keys.js').PersonKey}>}
 * @throws {Refusal} `choose`, `key-file`, `key` or `passphrase`
 */
export async function ownKeys() {
  const data = await chosenBytes(input('keyfile'));
  if (!data) throw new Refusal('choose', '请选择密钥文件');
  if (input('keypass').value === '') throw new Refusal('choose', '请输入密钥口令');
  const { sign, unwrap } = await readPersonFile(data, input('keypass').value);
  return { signer: { privateKey: sign.signing, kid: sign.kid }, unwrap };
}

/** The key that signs, from the chosen file. */
export const ownSigner = async () => (await ownKeys()).signer;

function makeKey() {
  const { say, fail } = outcome('say');
  onPress($('makekey'), async () => {
    const passphrase = input('newpass').value;
    if (passphrase.length < MIN_PASSPHRASE) return fail(`请设置至少 ${MIN_PASSPHRASE} 个字符的口令。`);
    try {
      say('正在生成密钥…');
      const made = await makePersonFile(passphrase);
      save(`sign-${made.sign.kid.slice(0, 8)}.key`, made.file, 'application/octet-stream');
      await registerKey('sign', b64u(made.sign.spki));
      await registerKey('unwrap', b64u(made.unwrap.spki));
      location.reload();
    } catch (error) {
      fail(explain(error));
    }
    return undefined;
  });
}

/** Tells the platform the public half with which shares are wrapped; files made earlier hold it already. */
function addUnwrapKey() {
  const { say, fail } = outcome('say');
  onPress($('addunwrap'), async () => {
    try {
      say('正在打开密钥文件…');
      await registerKey('unwrap', b64u((await ownKeys()).unwrap.spki));
      location.reload();
    } catch (error) {
      fail(explain(error));
    }
  });
}

if (maybe('makekey')) makeKey();
if (maybe('addunwrap')) addUnwrapKey();
