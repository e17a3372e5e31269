// @ts-check
/**
 * Going on with an upload after the page was closed. The opening file holds the keys and the envelope ids, the platform
 * the heads and what has arrived. Nothing is sent before the chosen files, sealed again here, give the very ids that the
 * opening file names: so the head is the one of before, and no key and nonce meet a second plaintext.
 */
import { ownUploads, uploadState } from './api.js';
import { equal, fromB64u } from './bytes.js';
import { blobSource, bytesSource, chunkCount, envelopeId, sealing } from './envelope.js';
import { Refusal, must } from './errors.js';
import { CHUNK_FILE, CHUNK_FORM } from './header.js';
import { Upload } from './upload.js';

/** @typedef {{upload: Upload, name: string, eid: Uint8Array, sent: boolean}} Found */

/**
 * Finds the uploads that belong to an opening file. The form has to be there as a whole: it is sent first, and what was
 * typed is kept nowhere.
 * @param {string} lot id of the lot, as addresses have it
 * @param {import('./sbk.js').OpeningFile} kept
 * @param {Map<string, File>} files by slot
 * @returns {Promise<Found[]>} in the order of the opening file; those of files are not measured yet
 * @throws {Refusal} `resume-none`, `resume-form`, `file-changed`
 */
export async function findUploads(lot, kept, files) {
  const { uploads } = await ownUploads(lot);
  const found = [];
  for (const { slot, eid, fk } of kept.slots) {
    const file = files.get(slot);
    const { id, head, chunks } = await matching(uploads.filter((row) => row.slot === slot), fk);
    const size = file ? file.size : chunks * CHUNK_FORM - 8;
    must(!file || chunkCount(size, CHUNK_FILE) === chunks, 'file-changed', 'the size differs');
    const made = await sealing(head, fk, size);
    const upload = new Upload(lot, slot, made, file ? blobSource(file) : bytesSource(new Uint8Array(0))).follow(id);
    if (!file) await requireWhole(id, made.headerHash, eid);
    found.push({ upload, name: file ? file.name : '投标函（已上传）', eid, sent: !file });
  }
  return found;
}

/**
 * @param {{id: string, chunks: number, header: string}[]} rows
 * @param {Uint8Array} fk
 */
async function matching(rows, fk) {
  for (const { id, chunks, header } of rows) {
    const head = fromB64u(header);
    try {
      await sealing(head, fk, 0);
      return { id, head, chunks };
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== 'key-commit') throw error;
    }
  }
  throw new Refusal('resume-none');
}

/**
 * @param {string} id
 * @param {Uint8Array} headerHash
 * @param {Uint8Array} eid
 */
async function requireWhole(id, headerHash, eid) {
  const { leaves } = await uploadState(id);
  const there = leaves.flatMap((leaf) => (typeof leaf === 'string' ? [fromB64u(leaf, 32)] : []));
  must(there.length === leaves.length, 'resume-form');
  must(equal(await envelopeId(headerHash, there), eid), 'eid');
}
