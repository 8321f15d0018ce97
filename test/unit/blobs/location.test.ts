import { describe, expect, it } from 'vitest';
import { isResolved, resolveLocation, type Place } from '../../../src/ops/blobs/location.ts';

const folder: Place = { name: 'artifacts', address: { kind: 'folder', root: '/srv/artifacts' } };
const other: Place = { name: 'more', address: { kind: 'folder', root: '/srv/artifacts-2' } };
const bucket: Place = { name: 'bucket', address: { kind: 's3', bucket: 'lab', prefix: 'proofs/' } };
const whole: Place = { name: 'whole', address: { kind: 's3', bucket: 'all', prefix: '' } };

const found = (location: string, places: readonly Place[] = [folder, bucket, whole]): string => {
  const one = resolveLocation(location, places);
  return isResolved(one) ? `${one.place.name} ${one.key}` : one.problem;
};

describe('locations', () => {
  it.each<[string, string]>([
    ['file:///srv/artifacts/a/b.log', 'artifacts a/b.log'],
    ['file://localhost/srv/artifacts/a', 'artifacts a'],
    ['FILE:///srv/artifacts/a', 'artifacts a'],
    ['file:///srv/artifacts/a%20b%25%3F', 'artifacts a b%?'],
    ['/srv/artifacts/a%20b', 'artifacts a%20b'],
    ['a/b.log', 'artifacts a/b.log'],
    ['...', 'artifacts ...'],
    ['a..b', 'artifacts a..b'],
    ['s3://lab/proofs/a/b.log', 'bucket a/b.log'],
    ['s3://lab/proofs/a%20b?c#d', 'bucket a%20b?c#d'],
    ['S3://all/x', 'whole x'],
  ])('%s is %s', (location, expected) => expect(found(location)).toBe(expected));

  it.each<[string, string]>([
    ['', 'the location is empty'],
    ['  ', 'the location is empty'],
    ['a\nb', 'the location has a control character in it'],
    ['a\u0000b', 'the location has a control character in it'],
    ['file:///srv/artifacts/a%00b', 'the location has a control character in it'],
    ['https://lab.s3.amazonaws.com/a', 'the location is of scheme https, and blobs are moved from file and s3'],
    ['sftp://host/a', 'the location is of scheme sftp, and blobs are moved from file and s3'],
    ['data:text/plain,x', 'the location is of scheme data, and blobs are moved from file and s3'],
    ['C:\\artifacts\\a', 'the location is of scheme C, and blobs are moved from file and s3'],
    ['file:/srv/artifacts/a', 'the location is no file URL: file:///… has three slashes'],
    ['file:a', 'the location is no file URL: file:///… has three slashes'],
    ['file://srv', 'the location is no file URL: file:///… has three slashes'],
    ['file://other/srv/artifacts/a', 'the location names the machine other, and files of this one are moved'],
    ['file:///srv/artifacts/a?b', 'the location has a query or a fragment: write %3F for a question mark, %23 for a number sign'],
    ['file:///srv/artifacts/a#b', 'the location has a query or a fragment: write %3F for a question mark, %23 for a number sign'],
    ['file:///srv/artifacts/a%2Fb', 'the location hides a slash as %2F'],
    ['file:///srv/artifacts/%zz', 'the location is no file URL: a percent sign is written %25'],
    ['file:///srv/artifacts/../etc/passwd', 'the location leads upwards (..)'],
    ['file:///srv/artifacts/%2e%2e/etc/passwd', 'the location leads upwards (..)'],
    ['file:///srv/artifacts/%2E./etc/passwd', 'the location leads upwards (..)'],
    ['/srv/artifacts/a/../b', 'the location leads upwards (..)'],
    ['../secret', 'the location leads upwards (..)'],
    ['a/..', 'the location leads upwards (..)'],
    ['s3://lab/proofs/../other/a', 'the location leads upwards (..)'],
    ['a//b', 'the location has an empty name, or one that is a dot, between its slashes'],
    ['./a', 'the location has an empty name, or one that is a dot, between its slashes'],
    ['a/', 'the location has an empty name, or one that is a dot, between its slashes'],
    ['file:///srv/artifacts/', 'the location has an empty name, or one that is a dot, between its slashes'],
    ['s3://lab/proofs/a//b', 'the location has an empty name, or one that is a dot, between its slashes'],
    ['/srv/artifacts', 'the location is outside of /srv/artifacts'],
    ['/srv/artifacts-2/a', 'the location is outside of /srv/artifacts'],
    ['file:///etc/passwd', 'the location is outside of /srv/artifacts'],
    ['/', 'the location has an empty name, or one that is a dot, between its slashes'],
    ['s3://', 'the location names no bucket: write s3://bucket/key'],
    ['s3:lab/a', 'the location names no bucket: write s3://bucket/key'],
    ['s3://lab', 'the location names no object: write s3://bucket/key'],
    ['s3://lab/', 'the location names no object: write s3://bucket/key'],
    ['s3://lab/other/a', 'the location is outside of s3://lab/proofs/ and s3://all/'],
    ['s3://LAB/proofs/a', 'the location is outside of s3://lab/proofs/ and s3://all/'],
    ['s3://elsewhere/a', 'the location is outside of s3://lab/proofs/ and s3://all/'],
    ['.dbctl-0123456789ab.tmp', 'the location has a name in it that is too long, or no name of a file'],
    ['a'.repeat(300), 'the location has a name in it that is too long, or no name of a file'],
  ])('%j: %s', (location, problem) => expect(found(location)).toBe(problem));

  it('says where nothing of that kind is', () => {
    expect(found('s3://lab/a', [folder])).toBe('the location is in a bucket, and no place of from is one');
    expect(found('/srv/artifacts/a', [bucket])).toBe('the location is in a folder, and no place of from is one');
    expect(found('a', [bucket])).toBe('the location is a path, and no place of from is a folder');
  });

  it('a path alone needs one folder', () => {
    expect(found('a', [folder, other])).toBe('the location could be below any of artifacts, more: a path alone needs one folder');
    expect(found('/srv/artifacts-2/a', [folder, other])).toBe('more a');
  });
});
