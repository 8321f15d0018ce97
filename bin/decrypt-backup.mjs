#!/usr/bin/env node
// Decrypts one file of a backup without dbctl, after docs/backup-format.md. Needs Node.js and nothing else.
// usage: age --decrypt --identity KEY key.age | node decrypt-backup.mjs FILE.enc NAME > FILE
//        NAME is the path of the file in the manifest, such as cluster/base.tar.zst.enc; the data key comes on standard input
// exit 0: every byte is written and was good; 1: it was not, and what came out is only a beginning; 2: usage
import { createDecipheriv, hkdfSync } from 'node:crypto';
import { closeSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
const end = (status, sentence) => process.exit((console.error(sentence), status));
const demand = (ok, sentence) => ok || end(1, `NOT DECRYPTED: ${sentence}`);
/** Reads so many bytes, or fewer where the file ends. */
function read(file, length) {
  const bytes = Buffer.alloc(length);
  let [filled, got] = [0, -1];
  while (filled < length && got !== 0) filled += got = readSync(file, bytes, filled, length - filled, null);
  return bytes.subarray(0, filled);
}
/** A pipe takes what it has room for, and says EAGAIN when it has none. */
function write(bytes) {
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(1, bytes, at);
    } catch (thrown) {
      if (thrown.code !== 'EAGAIN') throw thrown;
    }
  }
}
const [path, name] = process.argv.slice(2);
if (!name) end(2, 'usage: age --decrypt --identity KEY key.age | decrypt-backup.mjs FILE.enc NAME > FILE');
const dataKey = /^DBCTL-DATA-KEY-1 ([0-9a-f]{64})\n$/.exec(readFileSync(0, 'utf8'))?.[1];
demand(dataKey, 'standard input holds no data key');
const file = openSync(path, 'r');
const header = read(file, 80);
demand(header.toString('latin1', 0, 16) === 'dbctl frames v1\n', 'it is not of version 1 of the format');
const derive = (info, length) =>
  Buffer.from(hkdfSync('sha256', Buffer.from(dataKey, 'hex'), header.subarray(16, 48), info, length));
demand(derive('dbctl frames v1 key', 16).equals(header.subarray(48, 64)), 'the key is of another backup');
const derived = derive(`dbctl frames v1 file ${name}`, 48);
demand(derived.subarray(32).equals(header.subarray(64)), 'the file had another name when it was encrypted');
for (let [counter, last] = [0, 0]; last === 0; counter += 1) {
  const word = read(file, 4);
  demand(word.length === 4, `it is cut short in frame ${counter}`);
  last = word[0] >> 7;
  const length = word.readUInt32BE() & 0x7fffffff;
  const fits = last === 1 ? length <= 65536 && (length > 0 || counter === 0) : length === 65536;
  demand(fits, `frame ${counter} was changed`);
  const sealed = read(file, length + 16);
  demand(sealed.length === length + 16, `it is cut short in frame ${counter}`);
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(counter, 5, 6);
  nonce[11] = last;
  const decipher = createDecipheriv('aes-256-gcm', derived.subarray(0, 32), nonce).setAuthTag(sealed.subarray(length));
  const plain = decipher.update(sealed.subarray(0, length));
  try {
    decipher.final();
  } catch {
    end(1, `NOT DECRYPTED: frame ${counter} was changed, or is not in its place`);
  }
  write(plain);
}
demand(read(file, 1).length === 0, 'it goes on behind its last frame');
closeSync(file);
