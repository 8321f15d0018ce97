import { describe, expect, it } from 'vitest';
import { CopyFrames } from '../../../src/db/copy-frames.ts';

const message = (letter: string, body: string): Buffer => {
  const head = Buffer.alloc(5, letter);
  head.writeUInt32BE(4 + body.length, 1);
  return Buffer.concat([head, Buffer.from(body)]);
};

/** What a base backup sends: rows, archives, empty messages among them, and the end. */
const SENT = [
  message('T', 'row'),
  message('H', '\0\0\0'),
  message('d', 'nbase.tar\0\0'),
  message('d', 'dfirst '),
  message('d', 'd'),
  message('d', `d${'x'.repeat(100)}`),
  message('N', 'a notice'),
  message('d', 'm'),
  message('d', ''),
  message('d', 'dmanifest'),
  message('c', ''),
  message('Z', 'I'),
];

/** What is handed over, content joined. */
function taken(pieces: readonly Buffer[]): string[] {
  const found: string[] = [];
  let content = '';
  const frames = new CopyFrames(0x64, {
    content: (piece) => (content += piece.toString()),
    message: (whole) => {
      if (content !== '') found.push(content);
      content = '';
      found.push(whole.toString('latin1'));
    },
  });
  for (const piece of pieces) {
    const own = Buffer.from(piece);
    frames.take(own);
    // Its memory is used again.
    own.fill(0);
  }
  return found;
}

describe('what a server sends while it copies', () => {
  const whole = Buffer.concat(SENT);
  const expected = [
    ...SENT.slice(0, 3).map((one) => one.toString('latin1')),
    `first ${'x'.repeat(100)}`,
    ...SENT.slice(6, 9).map((one) => one.toString('latin1')),
    'manifest',
    ...SENT.slice(10).map((one) => one.toString('latin1')),
  ];

  it('is handed over in order: content as it is, messages whole', () => {
    expect(taken([whole])).toEqual(expected);
    expect(taken(SENT)).toEqual(expected);
  });

  it('is the same wherever it is cut', () => {
    for (let at = 1; at < whole.length; at += 1)
      expect(taken([whole.subarray(0, at), whole.subarray(at)]), `${at}`).toEqual(expected);
    for (const size of [1, 2, 3, 5, 7, 64]) {
      const pieces = Array.from({ length: Math.ceil(whole.length / size) }, (_, n) => whole.subarray(n * size, (n + 1) * size));
      expect(taken(pieces), `${size}`).toEqual(expected);
    }
  });

  it.each([
    ['a letter that begins no message', Buffer.from('x\0\0\0\x08full')],
    ['a length that is none', Buffer.from('d\0\0\0\x03')],
    ['what stands in the middle of one', whole.subarray(2)],
  ])('is refused where it is %s', (_name, bytes) => {
    expect(() => taken([bytes])).toThrow('the server sends what is no message of its protocol');
  });
});
