import type { Bucket } from './objects.ts';
import type { Uploads } from './uploads.ts';
import type { XmlContent } from './xml.ts';

/** Small, so that every listing of a test has pages. */
const PAGE = 7;

const urlEncoded = (key: string, query: URLSearchParams): string =>
  query.get('encoding-type') === 'url' ? encodeURIComponent(key).replaceAll('%2F', '/').replaceAll('%20', '+') : key;

/** Version 2 of the listing, with delimiter and continuation. */
export function listObjects(bucket: Bucket, query: URLSearchParams): XmlContent {
  const [prefix, delimiter] = [query.get('prefix') ?? '', query.get('delimiter') ?? ''];
  const entries = new Map<string, string | null>();
  for (const key of bucket.keys().filter((one) => one.startsWith(prefix))) {
    const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    if (cut === -1) entries.set(key, null);
    else entries.set(key.slice(0, cut + 1), key.slice(0, cut + 1));
  }
  const after = query.get('continuation-token') ?? '';
  const all = [...entries].filter(([name]) => name > after);
  const page = all.slice(0, PAGE);
  const more = all.length > page.length;
  return {
    Prefix: urlEncoded(prefix, query),
    KeyCount: page.length,
    EncodingType: query.get('encoding-type') ?? undefined,
    IsTruncated: more,
    NextContinuationToken: more ? page.at(-1)?.[0] : undefined,
    Contents: page.flatMap(([name, folder]) =>
      folder === null
        ? [{ Key: urlEncoded(name, query), Size: bucket.get(name).bytes.length, ETag: `"${bucket.get(name).etag}"` }]
        : [],
    ),
    CommonPrefixes: page.flatMap(([, folder]) => (folder === null ? [] : [{ Prefix: urlEncoded(folder, query) }])),
  };
}

/** Every version and delete marker, newest of each key first. */
export function listVersions(bucket: Bucket, query: URLSearchParams): XmlContent {
  const prefix = query.get('prefix') ?? '';
  const all = bucket
    .allKeys()
    .filter((key) => key.startsWith(prefix))
    .flatMap((key) => bucket.versions(key).map((version, index) => ({ key, version, latest: index === 0 })));
  const [keyMarker, idMarker] = [query.get('key-marker'), query.get('version-id-marker')];
  const start = all.findIndex(({ key, version }) => key === keyMarker && version.id === idMarker) + 1;
  const page = all.slice(start, start + PAGE);
  const last = page.at(-1);
  const more = start + page.length < all.length;
  const shown = ({ key, version, latest }: (typeof all)[number]) => ({
    Key: urlEncoded(key, query),
    VersionId: version.id,
    IsLatest: latest,
    LastModified: version.at.toISOString(),
  });
  return {
    IsTruncated: more,
    EncodingType: query.get('encoding-type') ?? undefined,
    NextKeyMarker: more && last !== undefined ? urlEncoded(last.key, query) : undefined,
    NextVersionIdMarker: more ? last?.version.id : undefined,
    Version: page
      .filter(({ version }) => version.bytes !== null)
      .map((one) => ({ ...shown(one), Size: one.version.bytes?.length ?? 0 })),
    DeleteMarker: page.filter(({ version }) => version.bytes === null).map(shown),
  };
}

export function listUploads(uploads: Uploads, query: URLSearchParams): XmlContent {
  const prefix = query.get('prefix') ?? '';
  const found = [...uploads.all.values()].filter(({ key }) => key.startsWith(prefix));
  return {
    IsTruncated: false,
    Upload: found.map(({ key, id, at }) => ({ Key: key, UploadId: id, Initiated: at.toISOString() })),
  };
}
