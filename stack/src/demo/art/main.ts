import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { createRandom } from './kit.ts'
import { market } from './market.ts'
import { honey, rain, ridge } from './nature.ts'
import { PORTRAITS } from './portraits.ts'
import { bowl, chart, hull } from './things.ts'

/** The art of the demo community: `node --import tsx stack/src/demo/art/main.ts [NAME…]`. */
const PICTURES: Record<string, () => string> = {
  honey,
  ridge,
  rain,
  market,
  bowl,
  chart,
  hull,
  ...PORTRAITS,
}
const ASSETS = join(import.meta.dirname, '../../../assets')

function grain(width: number, height: number, strength: number): Buffer {
  const random = createRandom(9)
  const pixels = Buffer.alloc(width * height * 4)
  for (let at = 0; at < pixels.length; at += 4) {
    const value = random() < 0.5 ? 0 : 255
    pixels.fill(value, at, at + 3)
    pixels[at + 3] = Math.floor(random() * strength)
  }
  return pixels
}

/** Small files: an avatar at most 10 kB, a picture 60 kB. */
function qualityOf(name: string): number {
  if (name in PORTRAITS) return 78
  return name === 'honey' || name === 'market' ? 46 : 60
}

await mkdir(ASSETS, { recursive: true })
const only = process.argv.slice(2)
for (const [name, draw] of Object.entries(PICTURES)) {
  if (only.length > 0 && !only.includes(name)) continue
  const file = join(ASSETS, `${name}.webp`)
  const image = sharp(Buffer.from(draw()))
  const { width, height } = await image.metadata()
  const raw = { width, height, channels: 4 as const }
  await image
    .composite([{ input: grain(width, height, 14), raw, blend: 'over' }])
    .webp({ quality: qualityOf(name), effort: 6 })
    .toFile(file)
  process.stdout.write(`${name} ${(await stat(file)).size}\n`)
}
