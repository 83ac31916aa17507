import {
  between,
  blur,
  createRandom,
  landscape,
  linear,
  mix,
  n,
  type Point,
  polygon,
  W,
} from './kit.ts'

function pickColours<T>(list: readonly T[], index: number): T {
  const item = list[((index % list.length) + list.length) % list.length]
  if (item === undefined) throw new RangeError('an empty palette')
  return item
}

/** Bright market awnings seen from above under a dark sky. */
export function market(): string {
  const random = createRandom(233)
  const pairs = [
    ['#ff6b3d', '#ffe3c2'],
    ['#f9b21b', '#fff1cf'],
    ['#12a594', '#dff6ea'],
    ['#e5386d', '#ffd9e0'],
    ['#2f6fed', '#e2ecff'],
    ['#8a3ffc', '#f0e2ff'],
    ['#ef4b4b', '#ffe7d6'],
    ['#0f7c8c', '#f9d77e'],
  ] as const
  const defs = [
    linear('sky', [
      [0, '#0c1024'],
      [0.55, '#252a4d'],
      [0.86, '#575878'],
      [1, '#c48d6e'],
    ]),
    linear('ground', [
      [0, '#6b4a44'],
      [1, '#2a1b24'],
    ]),
    linear('fall', [
      [0, '#000', 0],
      [0.5, '#12060f', 0.06],
      [1, '#12060f', 0.42],
    ]),
    linear('gloss', [
      [0, '#fff', 0.34],
      [0.4, '#fff', 0],
      [1, '#fff', 0],
    ]),
    blur('cloud', 22),
    blur('shade', 7),
  ]
  const parts = [
    `<rect width="${W}" height="340" fill="url(#sky)"/><rect y="286" width="${W}" height="514" fill="url(#ground)"/>`,
  ]
  for (let i = 0; i < 26; i += 1) {
    const y = between(random, -20, 190)
    const colour = mix('#080b1b', '#4a4d70', between(random, 0, 1) * (y / 190) ** 0.5)
    parts.push(
      `<ellipse cx="${n(between(random, -60, W + 60))}" cy="${n(y)}" rx="${n(between(random, 120, 300))}" ry="${n(between(random, 18, 46))}" fill="${colour}" opacity="0.7" filter="url(#cloud)"/>`,
    )
  }
  for (let i = 0; i < 70; i += 1) {
    const x = between(random, 0, W)
    const y = between(random, 60, 250)
    parts.push(
      `<path d="M${n(x)} ${n(y)}l-7 30" stroke="#c9d2f2" stroke-width="1.3" opacity="${n(between(random, 0.1, 0.35))}"/>`,
    )
  }
  for (let i = 0; i < 24; i += 1) {
    const x = i * 52 + between(random, -12, 12)
    const h = between(random, 18, 66)
    parts.push(
      `<rect x="${n(x)}" y="${n(292 - h)}" width="${n(between(random, 40, 66))}" height="${n(h + 6)}" fill="${mix('#171a33', '#2d2740', random())}"/>`,
    )
    if (random() < 0.6)
      parts.push(
        `<rect x="${n(x + 12)}" y="${n(304 - h)}" width="6" height="8" fill="#ffc163" opacity="0.85"/>`,
      )
  }
  const rows = 6
  for (let row = 0; row < rows; row += 1) {
    const depth = row / (rows - 1)
    const scale = 0.36 + 0.94 * depth ** 1.15
    const y = 292 + 388 * depth ** 1.25
    const width = 250 * scale
    const height = 84 * scale
    const start = -width * between(random, 0.2, 0.9)
    const heads = Math.round(34 - 18 * depth)
    for (let i = 0; i < heads; i += 1) {
      const x = between(random, 0, W)
      const r = 9 * scale
      const skin = pickColours(
        ['#5d3522', '#7a4a2e', '#8d5a3b', '#4a2a1c'],
        Math.floor(random() * 4),
      )
      const cloth = pickColours(pairs, Math.floor(random() * 8))[0]
      const yy = y - 4 * scale + between(random, -9, 4) * scale
      parts.push(
        `<path d="M${n(x - r * 1.5)} ${n(yy + r * 3)}q${n(r * 1.5)} ${n(-r * 3.4)} ${n(r * 3)} 0z" fill="${mix(cloth, '#2a1b24', 0.35)}"/><circle cx="${n(x)}" cy="${n(yy)}" r="${n(r)}" fill="${skin}"/><ellipse cx="${n(x + r * 0.15)}" cy="${n(yy - r * 0.25)}" rx="${n(r * 0.5)}" ry="${n(r * 0.35)}" fill="#e8b184" opacity="0.55"/>`,
      )
    }
    let stall = 0
    for (let x = start; x < W + width; stall += 1) {
      const [strong, pale] = pickColours(pairs, stall * 3 + row * 5 + Math.floor(random() * 2))
      const w = width * between(random, 0.82, 1.18)
      const lift = between(random, -10, 10) * scale
      const top = y + 22 * scale + lift
      const bottom = top + height
      const inset = w * 0.13
      const stripes = 8
      const step = w / stripes
      const topStep = (w - 2 * inset) / stripes
      parts.push(
        `<path d="M${n(x)} ${n(bottom + 8)}h${n(w)}v${n(26 * scale)}h${n(-w)}z" fill="#0d0510" opacity="0.5" filter="url(#shade)"/>`,
      )
      for (let i = 0; i < stripes; i += 1) {
        const colour = mix(i % 2 === 0 ? strong : pale, '#3b2a4a', 0.34 * (1 - depth))
        const shape: Point[] = [
          [x + inset + i * topStep, top],
          [x + inset + (i + 1) * topStep, top],
          [x + (i + 1) * step, bottom],
          [x + i * step, bottom],
        ]
        parts.push(
          `<path d="${polygon(shape)}" fill="${colour}" stroke="${colour}" stroke-width="0.6"/>`,
        )
        parts.push(
          `<path d="M${n(x + i * step)} ${n(bottom)}h${n(step)}v${n(9 * scale)}a${n(step / 2)} ${n(9 * scale)} 0 0 1 ${n(-step)} 0z" fill="${mix(colour, '#1d0d1b', 0.2)}"/>`,
        )
      }
      const cover: Point[] = [
        [x + inset, top],
        [x + w - inset, top],
        [x + w, bottom],
        [x, bottom],
      ]
      parts.push(
        `<path d="${polygon(cover)}" fill="url(#fall)"/><path d="${polygon(cover)}" fill="url(#gloss)"/>`,
      )
      x += w + between(random, 3, 16) * scale
    }
  }
  return landscape(defs, parts)
}
