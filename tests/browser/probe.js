// Strings module calls together for test_js_crypto.py, where handles cannot cross the debugging protocol.
import * as bidcheck from './bidcheck.js';
import * as blind from './blind.js';
import * as canonical from './canonical.js';
import * as drawcheck from './drawcheck.js';
import * as envelope from './envelope.js';
import { bytesSource } from './header.js';
import * as escrow from './escrow.js';
import { hpkeOpen } from './hpke.js';
import * as jws from './jws.js';
import * as keys from './keys.js';
import * as keyfile from './keyfile.js';
import * as messages from './messages.js';
import * as sbk from './sbk.js';
import { readSpec } from './transcript.js';
import { unwrap } from './wrap.js';

export const handOut = async (spec, party, value) => escrow.handOut(await readSpec(spec), party, value);
export const openShare = async (spec, party, told, pkcs8) =>
  escrow.openShare(await readSpec(spec), party, told, (await keys.load(pkcs8)).unwrapping);

export const readForm = (fields, cap) => bidcheck.readForm(fields, BigInt(cap));
export const fileProblems = (name, data, most, bidder) =>
  bidcheck.fileProblems(new File([data], name), most, bidder);
export const findTraces = async (name, data, identity) =>
  (await blind.findTraces(name, new File([data], name), identity))
    .map((trace) => [trace.where, trace.code, trace.what, blind.wordsOf(trace)]);
export const blindLimits = () => blind.LIMITS;
export const readAsText = (data) => JSON.stringify(canonical.parse(data));

const RSA = { name: 'RSA-OAEP', hash: 'SHA-256' };

export async function open(pkcs8, info, enc, ct, aad) {
  const { unwrapping } = await keys.load(pkcs8);
  return hpkeOpen(unwrapping, info, enc, ct, aad);
}

export async function unwrapWith(a, pkcs8, context, enc, ct) {
  const key =
    a === 'rsa-oaep-256'
      ? { a, privateKey: await crypto.subtle.importKey('pkcs8', pkcs8, RSA, false, ['decrypt']) }
      : (await keys.load(pkcs8)).unwrapping;
  return unwrap(key, context, enc, ct);
}

export async function describe(pkcs8) {
  const { spki, kid } = await keys.load(pkcs8);
  return { spki, kid };
}

export async function signWith(pkcs8, typ, payload, extra) {
  const { signing } = await keys.load(pkcs8);
  return jws.sign({ privateKey: signing, ...extra }, typ, payload);
}

export async function sealWhole(subject, policy, bidderKeys, trusteeKeys, k, data) {
  const sealing = await envelope.prepare(subject, policy, bidderKeys, trusteeKeys, k, data.length);
  const parts = [sealing.head];
  const eid = await envelope.seal(sealing, bytesSource(data), (bytes) => void parts.push(bytes));
  return { file: new Blob(parts), eid, fk: sealing.fk };
}

export const head = async (file) => (await envelope.parseHeader(bytesSource(file))).header;
export const digest = (file) => envelope.digestEnvelope(bytesSource(file));
export const openWhole = (file, fk) => envelope.openEnvelope(bytesSource(file), fk);
export const bidder = async (file, j, pkcs8) =>
  envelope.openBidder(await head(file), j, (await keys.load(pkcs8)).unwrapping);
export const share = async (file, i, pkcs8) =>
  envelope.openShare(await head(file), i, (await keys.load(pkcs8)).unwrapping);
export const recover = async (file, parts) => envelope.recoverFileKey(await head(file), parts);

export const readSbk = sbk.readSbk;
export const writeSbk = sbk.writeSbk;

export async function licence(file, passphrase, typ, payload) {
  const { uscc, name, signer, unwrapping } = await keyfile.readLicence(file, passphrase);
  return { uscc, name, token: await jws.sign(signer, typ, payload), spki: unwrapping.spki };
}

export async function person(file, passphrase) {
  const { sign, unwrap: key } = await keyfile.readPersonFile(file, passphrase);
  return { sign: sign.spki, unwrap: key.spki };
}

export const makePerson = async (passphrase) => (await keyfile.makePersonFile(passphrase)).file;

export async function drill(keyset, i, challenge, pkcs8) {
  return messages.answerDrill(keyset, i, challenge, (await keys.load(pkcs8)).unwrapping);
}

export async function draw(transcript, pool, trust) {
  const { parties, seed, output, members } = await drawcheck.verifyDraw(transcript, pool, trust);
  return { parties, seed, output, members };
}
