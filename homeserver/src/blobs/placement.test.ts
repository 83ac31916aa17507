import { expect, test } from 'vitest'
import { type BlobMove, placementOf } from './placement.ts'

const move = (state: BlobMove['state']): BlobMove => ({
  number: '1',
  source: 'files',
  target: 's3',
  state,
  probe: 'probe-0001',
  sealed: null,
})
const settings = (blobStore: BlobMove['source'], blobStoreFrom: BlobMove['source'] | 'none') => ({
  blobStore,
  blobStoreFrom,
})

test.each([
  ['nothing was moved', 'files', 'none', null, 'files', 'files', false],
  ['nothing was moved, and two are set', 's3', 'files', null, 's3 files', 's3', false],
  ['asked, and set as before', 'files', 'none', 'asked', 's3 files', 'files', false],
  ['asked, and set as it will be', 's3', 'files', 'asked', 's3 files', 's3', false],
  ['moving, and set as before', 'files', 'none', 'moving', 's3 files', 's3', false],
  ['moving, and set as it will be', 's3', 'none', 'moving', 's3 files', 's3', false],
  ['done, and set as before', 'files', 'none', 'done', 's3', 's3', true],
  ['done, and both are still set', 's3', 'files', 'done', 's3 files', 's3', true],
  ['done, and set as it is', 's3', 'none', 'done', 's3', 's3', false],
  ['done, and on its way back', 'files', 's3', 'done', 'files s3', 'files', false],
  ['done, and on its way to another', 'lmdb', 's3', 'done', 'lmdb s3', 'lmdb', false],
] as const)(
  'blobs are where they can be found: %s',
  (_, store, from, state, reads, writes, isOld) => {
    const placement = placementOf(settings(store, from), state && move(state))
    expect(placement).toMatchObject({ reads: reads.split(' '), writes })
    expect(placement.advice !== null).toBe(isOld)
  },
)

test('settings under which blobs would not be found are refused in one sentence', () => {
  expect(() => placementOf(settings('lmdb', 'none'), move('moving'))).toThrow(
    'Blobs are being moved from files to s3: BLOB_STORE must be one of these.',
  )
  expect(() => placementOf(settings('lmdb', 'files'), move('done'))).toThrow(
    'The blobs lie in s3: BLOB_STORE must be s3',
  )
})
