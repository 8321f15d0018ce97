#!/usr/bin/env node
// Checks a proof made by `dbctl ledger proof` without dbctl and without the database. Needs Node.js and nothing else.
// usage: node verify-proof.mjs PROOF.json --key NAME+ID+KEY [--older-note FILE]; exit 0: proved, 1: not proved, 2: usage
import { createHash, createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();
const leafHash = (bytes) => sha256(Buffer.of(0), bytes); // RFC 6962, 2.1
const nodeHash = (left, right) => sha256(Buffer.of(1), left, right);
const bytesOf = (text) => Buffer.from(text ?? '', 'base64');
const linesOf = (text) => text.split('\n').map((line) => line.split(' '));
const isPower = (size) => 2 ** Math.round(Math.log2(size)) === size;
const end = (status, sentence) => process.exit((console.error(sentence), status));
const demand = (ok, sentence) => ok || end(1, `NOT PROVED: ${sentence}`);
/** Walks a path (RFC 9162, 2.1.3.2 and 2.1.4.2); take(hash, fromTheLeft) sees each of its hashes. */
function walk(fn, sn, path, take) {
  for (const hash of path) {
    demand(sn > 0, 'a proof is too long');
    const fromTheLeft = fn % 2 === 1 || fn === sn;
    take(hash, fromTheLeft);
    if (fromTheLeft) while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn / 2, Math.floor(sn / 2)];
    [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
  }
  demand(sn === 0, 'a proof is too short');
}
function rootOf(leaf, index, size, path) {
  demand(Number.isSafeInteger(index) && index >= 0 && index < size, `there is no entry ${index} of ${size}`);
  let root = leaf;
  walk(index, size - 1, path, (hash, left) => (root = left ? nodeHash(hash, root) : nodeHash(root, hash)));
  return root;
}
function demandBeginning(older, newer, proof) {
  demand(older.size <= newer.size, 'the older note is the newer one');
  if (older.size === newer.size) return demand(older.root.equals(newer.root), 'two notes of one size differ');
  if (older.size === 0) return;
  const [start, ...path] = isPower(older.size) ? [older.root, ...proof] : proof;
  let [fn, sn, oldRoot, newRoot] = [older.size - 1, newer.size - 1, start, start];
  while (fn % 2 === 1) [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
  walk(fn, sn, path, (hash, left) => {
    if (left) oldRoot = nodeHash(hash, oldRoot);
    newRoot = left ? nodeHash(hash, newRoot) : nodeHash(newRoot, hash);
  });
  demand(oldRoot?.equals(older.root) && newRoot.equals(newer.root), 'the log was rewritten since the older note');
}
/** C2SP signed-note around a C2SP tlog-checkpoint: origin, size, root. */
function openNote(note, keyText) {
  const [, name, id, encoded] = /^([^\s+]+)\+([0-9a-f]{8})\+(\S+)$/.exec(keyText) ?? end(2, 'the key reads NAME+ID+KEY');
  const key = bytesOf(encoded);
  demand(key.length === 33 && sha256(`${name}\n`, key).toString('hex', 0, 4) === id, 'the key does not fit its id');
  const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: key.toString('base64url', 1) }, format: 'jwk' });
  const text = note.slice(0, note.lastIndexOf('\n\n') + 1);
  const words = linesOf(note.slice(text.length)).filter(([dash, signer]) => dash === '—' && signer === name);
  const signed = words.map(([, , signature]) => bytesOf(signature)).filter((bytes) => bytes.toString('hex', 0, 4) === id);
  const good = signed.some((bytes) => verify(null, Buffer.from(text), publicKey, bytes.subarray(4)));
  demand(good, `${name} did not sign the note`);
  const [origin, size, root] = text.split('\n');
  return { origin, size: Number(size), root: bytesOf(root) };
}
/** Values of a row: format name, table, version of the columns, then for each 0 (null), or 1, its length and its bytes. */
function fieldsOf(row, canonical) {
  const [format, length] = ['dbctl-row-v1', Buffer.byteLength(row.table)];
  const [start, fields] = [format.length + 4, []];
  const named = canonical.toString('utf8', 0, format.length) + canonical.toString('utf8', start, start + length);
  demand(named === format + row.table && canonical.readInt32BE(format.length) === length, `it is no row of ${row.table}`);
  for (let at = start + length + 4, size; at < canonical.length; at += size) {
    size = canonical[at] === 0 ? 0 : canonical.readInt32BE(at + 1);
    at += canonical[at] === 0 ? 1 : 5;
    fields.push(canonical.subarray(at, at + size));
  }
  return fields;
}
const options = { key: { type: 'string' }, 'older-note': { type: 'string' } };
const { values, positionals } = parseArgs({ options, allowPositionals: true });
if (positionals.length !== 1 || !values.key) end(2, 'usage: verify-proof.mjs PROOF.json --key NAME+ID+KEY [--older-note FILE]');
const { format, row, window, log, note, consistency } = JSON.parse(readFileSync(positionals[0], 'utf8'));
demand(format === 'dbctl-proof/1', `unknown format ${format}`);
const [canonical, entry, head] = [bytesOf(row.canonical), bytesOf(window.entry), openNote(note, values.key)];
const said = Object.fromEntries(linesOf(entry.toString()).map(([name, ...rest]) => [name, rest.join(' ')]));
console.log(`signature  ${head.origin}, ${head.size} entries`);
const fields = fieldsOf(row, canonical);
for (const [name, value] of Object.entries(row.key)) {
  const field = fields[row.columns.indexOf(name)] ?? Buffer.of();
  const same = field.toString() === value || field.toString('hex') === value.toLowerCase().replaceAll('-', '');
  demand(same || field.length === 8, `the row has another ${name} than ${value}`);
  console.log(`key        ${name} ${same ? 'is' : '(a number or time, not compared):'} ${value}`);
}
const root = rootOf(leafHash(canonical), window.leafIndex, window.rows, window.proof.map(bytesOf));
const inWindow = said.root === root.toString('hex') && Number(said.rows) === window.rows && said.table === row.table;
demand(inWindow, 'the row is not in its window');
console.log(`row        ${window.leafIndex} of ${window.rows} in ${said.partition}, transactions ${said.xid}`);
const logRoot = rootOf(leafHash(entry), log.index, log.size, log.proof.map(bytesOf));
demand(log.size === head.size && logRoot.equals(head.root), 'the window is not in the log');
console.log(`window     ${log.index} of ${log.size} in the log`);
if (values['older-note'] !== undefined) {
  const older = openNote(readFileSync(values['older-note'], 'utf8'), values.key);
  demand(older.origin === head.origin && consistency?.size === older.size, 'the proof says nothing of that older note');
  demandBeginning(older, head, consistency.proof.map(bytesOf));
  console.log(`history    the ${older.size} entries of the older note are its beginning`);
}
console.log(`PROVED     ${row.table} ${JSON.stringify(row.key)}`);
