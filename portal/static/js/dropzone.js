// @ts-check
/** A file field that takes a dropped file and says which one it holds; the form around it works without this script. */
import { el, input, maybe, size } from './ui.js';

const field = input('paper');
const zone = document.querySelector('label[for="paper"]');
const told = maybe('papername');

function tell() {
  const file = field.files?.[0];
  if (file && told) told.replaceChildren(el('b', {}, file.name), `，${size(file.size)}`);
}

field.addEventListener('change', tell);
zone?.addEventListener('dragover', (event) => event.preventDefault());
zone?.addEventListener('drop', (event) => {
  event.preventDefault();
  const files = /** @type {DragEvent} */ (event).dataTransfer?.files;
  if (!files?.length) return;
  field.files = files;
  tell();
});
