/** A position in the write-ahead log as a number: `0/18000120` → 402653472n. Throws a RangeError on any other text. */
export function lsnNumber(text: string): bigint {
  const match = /^([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/i.exec(text);
  if (match === null) throw new RangeError(`expected an LSN such as 0/18000120, not ${JSON.stringify(text)}`);
  return (BigInt(`0x${match[1]}`) << 32n) + BigInt(`0x${match[2]}`);
}

const hex = (value: bigint): string => value.toString(16).toUpperCase();

/** As PostgreSQL writes it. */
export const lsnText = (lsn: bigint): string => `${hex(lsn >> 32n)}/${hex(lsn & 0xffff_ffffn)}`;
