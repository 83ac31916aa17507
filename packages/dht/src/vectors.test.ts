import { parsePublicKey, publicKeyBytes } from '@pubky/protocol'
import { expect, it } from 'vitest'
import { compareDistance } from './contact.ts'
import { targetOf } from './item-store.ts'
import { distanceShare } from './machine/network-size.ts'

/** spec/discovery.md 9.1 and 9.4. */
const TARGETS = [
  [
    '8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo',
    '8c30c97e7fd5460ce3b962db4cd75879eecd8abd',
  ],
  [
    'tkrq8zmwb8a3m9k15csu3q17qmfgqnp9dskbrg9uq1rydpyxp7qy',
    '9ad19e0f16eef714cb90c6f195dbce66e94580f9',
  ],
  [
    'yg4gxe7z1r7mr6orids9fh95y7gxhdsxjqi6nngsxxtakqaxr5no',
    'c979c3c978da23d3f96ab37e514b966b6e42116b',
  ],
  [
    'o4dksfbqk85ogzdb5osziw6befigbuxmuxkuxq8434q89uj56uyy',
    '9370f76c34b8766da0017e51e3f0a6d101c806ca',
  ],
  [
    '7fmjpcuuzf54hw18bsgi3zihzyh4awseeuq5tmojefaezjbd64cy',
    '7852e3ae5dfaad0120d1fae1f88a5d65f65646bd',
  ],
  [
    '8um71us3fyw6h8wbcxb5ar3rwusy1a6u49956ikzojg3gcwd1dty',
    'c5b598362b2b6ce489110808c7583daae982fe61',
  ],
] as const

// covers 9.1.1, 9.1.9
it('packets live under the SHA-1 of their key', () => {
  for (const [key, target] of TARGETS)
    expect(targetOf(publicKeyBytes(parsePublicKey(key)))).toBe(target)
  const ofBep44 = '77ff84905a91936367c01360803104f92432fcd904a43511876df5cdf3e7e548'
  expect(targetOf(Buffer.from(ofBep44, 'hex'))).toBe('4a533d47ec9c7d95b1ad75f576cffc641853b750')
})

// covers 9.1.10
it('distance is that of the XOR metric: the example shares its first five bits', () => {
  const a = Buffer.from('0639A1E24FBB8AB277DF033476AB0DE10FAB3BDC', 'hex')
  const b = Buffer.from('035b1aeb9737ade1a80933594f405d3f772aa08e', 'hex')
  // 160 bits less five is bucket 155.
  expect(Math.floor(Math.log2(distanceShare(a, b)) + 160) + 1).toBe(155)
  expect(compareDistance(a, a, b)).toBeLessThan(0)
})
