import {
  between,
  blur,
  createRandom,
  H,
  landscape,
  linear,
  mix,
  n,
  type Point,
  polygon,
  radial,
  W,
} from './kit.ts'

/** A round bowl with a deep blue glaze on a plain table. */
export function bowl(): string {
  const random = createRandom(9)
  const defs = [
    linear(
      'wall',
      [
        [0, '#e9dccb'],
        [1, '#d3bfa8'],
      ],
      [0, 0, 1, 1],
    ),
    linear('table', [
      [0, '#b98f69'],
      [0.2, '#a87c57'],
      [1, '#7d563a'],
    ]),
    linear('beam', [
      [0, '#fff6e2', 0.85],
      [1, '#fff0d2', 0.35],
    ]),
    radial(
      'glaze',
      [
        [0, '#5fa3e8'],
        [0.22, '#2b6cc4'],
        [0.55, '#123f8f'],
        [0.85, '#081f55'],
        [1, '#050f30'],
      ],
      [0.32, 0.2, 0.86],
    ),
    radial(
      'inside',
      [
        [0, '#0a1f55'],
        [0.6, '#123d8a'],
        [0.92, '#2f74c9'],
        [1, '#6fb0ec'],
      ],
      [0.56, 0.78, 0.85],
    ),
    linear(
      'clay',
      [
        [0, '#d9a877'],
        [0.6, '#a86f45'],
        [1, '#5e3820'],
      ],
      [0, 0, 1, 0],
    ),
    linear(
      'lip',
      [
        [0, '#f0c493'],
        [0.4, '#c78f5c'],
        [1, '#7c4f2d'],
      ],
      [0, 0, 1, 0],
    ),
    `<clipPath id="body"><path d="M312 352C318 520 424 640 600 640C776 640 882 520 888 352Z"/></clipPath>`,
    blur('b6', 6),
    blur('b14', 14),
    blur('b30', 30),
  ]
  const parts = [
    `<rect width="${W}" height="${H}" fill="url(#wall)"/>`,
    `<g filter="url(#b6)"><path d="M96 40L470 0L560 330L190 392Z" fill="url(#beam)"/><path d="M640 -20L930 -40L1010 250L730 300Z" fill="url(#beam)" opacity="0.75"/></g>`,
    `<rect y="560" width="${W}" height="240" fill="url(#table)"/><rect y="558" width="${W}" height="4" fill="#e3bf98" opacity="0.7"/>`,
  ]
  for (let i = 0; i < 26; i += 1) {
    const y = 568 + 228 * random()
    const x = between(random, -200, 900)
    parts.push(
      `<path d="M${n(x)} ${n(y)}q${n(between(random, 120, 260))} ${n(between(random, -5, 5))} ${n(between(random, 300, 620))} 0" stroke="${random() < 0.6 ? '#5f3d26' : '#d6aa80'}" stroke-width="${n(between(random, 0.8, 2.4))}" fill="none" opacity="0.25"/>`,
    )
  }
  parts.push(
    `<ellipse cx="760" cy="690" rx="390" ry="46" fill="#2b1609" opacity="0.5" filter="url(#b30)"/><ellipse cx="620" cy="680" rx="170" ry="22" fill="#1d0d05" opacity="0.75" filter="url(#b14)"/>`,
    `<path d="M496 622L512 684Q600 702 688 684L704 622Z" fill="url(#clay)"/>`,
    `<path d="M312 352C318 520 424 640 600 640C776 640 882 520 888 352Z" fill="url(#glaze)"/>`,
  )
  parts.push(`<g clip-path="url(#body)">`)
  for (let i = 0; i < 380; i += 1) {
    const angle = between(random, 0, Math.PI)
    const reach = between(random, 0, 1) ** 0.6
    const x = 600 + Math.cos(angle) * 290 * reach
    const y = 350 + Math.sin(angle) * 285 * reach
    parts.push(
      `<circle cx="${n(x)}" cy="${n(y)}" r="${n(between(random, 0.6, 2.1))}" fill="${random() < 0.7 ? '#a9d3ff' : '#e9c46a'}" opacity="${n(between(random, 0.15, 0.7))}"/>`,
    )
  }
  for (let i = 0; i < 16; i += 1) {
    const x = between(random, 330, 870)
    parts.push(
      `<path d="M${n(x)} 372q${n((600 - x) * 0.08)} ${n(between(random, 60, 120))} ${n((600 - x) * 0.34)} ${n(between(random, 130, 230))}" stroke="#78b4f2" stroke-width="${n(between(random, 2, 8))}" opacity="0.13" fill="none" stroke-linecap="round"/>`,
    )
  }
  parts.push(
    `<path d="M372 420C392 520 440 578 500 606" stroke="#e4f2ff" stroke-width="24" stroke-linecap="round" fill="none" opacity="0.5" filter="url(#b14)"/><path d="M384 424C398 490 424 530 452 556" stroke="#fff" stroke-width="8" stroke-linecap="round" fill="none" opacity="0.75" filter="url(#b6)"/><path d="M886 400C860 520 790 600 690 632" stroke="#d98a54" stroke-width="12" fill="none" opacity="0.3" filter="url(#b14)"/></g>`,
    `<ellipse cx="600" cy="352" rx="288" ry="66" fill="url(#lip)"/><ellipse cx="600" cy="355" rx="277" ry="58" fill="url(#inside)"/>`,
    `<path d="M350 372Q600 424 850 372" stroke="#bfe0ff" stroke-width="4" fill="none" opacity="0.55" filter="url(#b6)"/><path d="M338 336Q420 300 560 290" stroke="#fff3df" stroke-width="4" fill="none" opacity="0.8" stroke-linecap="round"/>`,
  )
  return landscape(defs, parts)
}

/** A bar chart of thirty days in which Tuesdays stand out. */
export function chart(): string {
  const random = createRandom(30)
  const defs = [
    linear(
      'paper',
      [
        [0, '#fbf4e6'],
        [1, '#f1e3cb'],
      ],
      [0, 0, 1, 1],
    ),
    linear('day', [
      [0, '#8fa9b8'],
      [1, '#c2d0d4'],
    ]),
    linear('tuesday', [
      [0, '#ff4d2e'],
      [0.6, '#ff7a3d'],
      [1, '#ffb765'],
    ]),
    linear('glow', [
      [0, '#ff7a3d', 0.2],
      [1, '#ff7a3d', 0],
    ]),
    blur('b8', 8),
  ]
  const parts = [`<rect width="${W}" height="${H}" fill="url(#paper)"/>`]
  const left = 116
  const base = 640
  const step = 33
  for (let i = 0; i <= 5; i += 1) {
    const y = base - i * 92
    parts.push(
      `<path d="M${left - 22} ${y}H1128" stroke="#2d3f4a" stroke-width="${i === 0 ? 3 : 1.4}" ${i === 0 ? '' : 'stroke-dasharray="2 9"'} opacity="${i === 0 ? 0.9 : 0.4}" stroke-linecap="round"/>`,
    )
  }
  const tops: Point[] = []
  for (let day = 0; day < 30; day += 1) {
    const isTuesday = day % 7 === 2
    const isWeekend = day % 7 >= 5
    const wave = 26 * Math.sin(day / 4)
    const height = isTuesday
      ? between(random, 330, 388)
      : isWeekend
        ? between(random, 96, 150)
        : between(random, 180, 262) + wave
    const x = left + day * step + (day > 0 ? 4 : 4)
    const w = 22
    if (isTuesday)
      parts.push(
        `<rect x="${x - 16}" y="${n(base - height - 46)}" width="${w + 32}" height="${n(height + 46)}" rx="22" fill="url(#glow)"/>`,
      )
    parts.push(
      `<path d="M${x} ${base}V${n(base - height + 9)}a9 9 0 0 1 9 -9h${w - 18}a9 9 0 0 1 9 9V${base}Z" fill="url(#${isTuesday ? 'tuesday' : 'day'})"/>`,
    )
    parts.push(
      `<rect x="${x + 3}" y="${n(base - height + 12)}" width="4" height="${n(height - 20)}" rx="2" fill="#fff" opacity="0.28"/>`,
    )
    parts.push(
      `<circle cx="${x + w / 2}" cy="${base + 24}" r="${isTuesday ? 7 : 3.4}" fill="${isTuesday ? '#ff4d2e' : '#2d3f4a'}" opacity="${isTuesday ? 1 : 0.45}"/>`,
    )
    tops.push([x + w / 2, base - 205 - 34 * Math.sin(day / 5 + 1)])
  }
  const curve = tops.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${n(x)} ${n(y)}`).join('')
  parts.push(
    `<path d="${curve}" fill="none" stroke="#23343f" stroke-width="4" stroke-linecap="round" stroke-dasharray="1 11" opacity="0.8"/>`,
  )
  parts.push(
    `<g transform="translate(940 92) scale(0.82)" fill="none" stroke="#23343f" stroke-width="7" stroke-linecap="round" stroke-linejoin="round"><circle cx="0" cy="46" r="40"/><circle cx="128" cy="46" r="40"/><path d="M0 46L36 -22H98L58 46ZM58 46L30 -34M98 -22L128 46M98 -22L92 -44H116M20 -34H42"/><circle cx="58" cy="46" r="8" fill="#ff4d2e" stroke="none"/></g>`,
  )
  parts.push(
    `<g fill="#23343f"><rect x="116" y="86" width="300" height="24" rx="12"/><rect x="116" y="130" width="196" height="13" rx="6.5" opacity="0.42"/></g><rect x="116" y="722" width="22" height="22" rx="6" fill="#ff5b33"/><rect x="150" y="727" width="108" height="12" rx="6" fill="#23343f" opacity="0.5"/><rect x="292" y="722" width="22" height="22" rx="6" fill="#9fb5c0"/><rect x="326" y="727" width="84" height="12" rx="6" fill="#23343f" opacity="0.5"/>`,
  )
  return landscape(defs, parts)
}

function quad([x0, y0]: Point, [x1, y1]: Point, [x2, y2]: Point, t: number): Point {
  const u = 1 - t
  return [u * u * x0 + 2 * u * t * x1 + t * t * x2, u * u * y0 + 2 * u * t * y1 + t * t * y2]
}

/** Curved planks of a wooden hull, seen from the bow. */
export function hull(): string {
  const random = createRandom(100)
  const defs = [
    radial(
      'shop',
      [
        [0, '#fbe3b4'],
        [0.3, '#a9b8a4'],
        [0.66, '#3c6464'],
        [1, '#12282c'],
      ],
      [0.5, 0.12, 0.95],
    ),
    linear('floor', [
      [0, '#0d1f22', 0],
      [1, '#0a1416', 0.5],
    ]),
    linear(
      'stem',
      [
        [0, '#7a4a25'],
        [0.5, '#c98d53'],
        [1, '#5d3518'],
      ],
      [0, 0, 1, 0],
    ),
    linear('ray', [
      [0, '#ffe9bd', 0.5],
      [1, '#ffe9bd', 0],
    ]),
    blur('b8', 8),
    blur('b26', 26),
  ]
  const parts = [`<rect width="${W}" height="${H}" fill="url(#shop)"/>`]
  for (let i = 0; i < 8; i += 1) {
    const x = i * 170 - 20
    parts.push(`<rect x="${x}" width="26" height="${H}" fill="#10282b" opacity="0.22"/>`)
  }
  parts.push(
    `<g filter="url(#b26)"><path d="M420 -20L560 -20L300 800L20 800Z" fill="url(#ray)"/><path d="M660 -20L760 -20L1120 800L860 800Z" fill="url(#ray)" opacity="0.8"/></g>`,
  )
  parts.push(
    `<ellipse cx="600" cy="764" rx="430" ry="34" fill="#0b0502" opacity="0.75" filter="url(#b26)"/>`,
  )
  const planks = 9
  const tones = [
    '#e59a4c',
    '#d98436',
    '#efae5f',
    '#c9722b',
    '#e2954a',
    '#d07c33',
    '#e9a456',
    '#bd6826',
    '#a8561f',
  ] as const
  const edge = (side: number, i: number) => {
    const share = i / planks
    const start: Point = [600 + side * 10, 96 + 610 * share ** 0.94]
    const bulge: Point = [600 + side * (24 + 330 * (1 - share ** 2)), 128 + 618 * share ** 0.92]
    const end: Point = [600 + side * (30 + 452 * (1 - share ** 2.6)), 30 + 716 * share ** 0.8]
    return Array.from({ length: 25 }, (_, k) => quad(start, bulge, end, k / 24))
  }
  for (const side of [-1, 1])
    for (let i = 0; i < planks; i += 1) {
      const upper = edge(side, i)
      const lower = edge(side, i + 1)
      const tone = tones[i] ?? '#c98546'
      const dark = side === 1 ? 0.24 : 0
      const id = `p${side === 1 ? 'r' : 'l'}${i}`
      const lit = mix(mix(tone, '#fff0cf', 0.22), '#2a1408', dark)
      const dim = mix(mix(tone, '#2a1408', 0.5 + i * 0.03), '#2a1408', dark)
      defs.push(
        linear(
          id,
          [
            [0, lit],
            [0.42, mix(tone, '#2a1408', dark + i * 0.02)],
            [1, dim],
          ],
          side === 1 ? [0, 0, 1, 0.3] : [1, 0, 0, 0.3],
        ),
      )
      parts.push(`<path d="${polygon([...upper, ...lower.toReversed()])}" fill="url(#${id})"/>`)
      for (let g = 0; g < 5; g += 1) {
        const share = between(random, 0.16, 0.86)
        const from = Math.floor(between(random, 0, 9))
        const to = Math.floor(between(random, 14, 24))
        const line = upper.slice(from, to).map(([x, y], k): Point => {
          const [lx, ly] = lower[from + k] ?? [x, y]
          return [x + (lx - x) * share, y + (ly - y) * share]
        })
        parts.push(
          `<path d="M${line.map(([x, y]) => `${n(x)} ${n(y)}`).join('L')}" fill="none" stroke="${g % 2 === 0 ? '#5a3012' : '#ffdfa8'}" stroke-width="1.5" opacity="0.26"/>`,
        )
      }
      const seam = lower.map(([x, y]) => `${n(x)} ${n(y)}`).join('L')
      parts.push(
        `<path d="M${seam}" fill="none" stroke="#2a1307" stroke-width="5" opacity="0.75"/><path d="M${seam}" transform="translate(0 4)" fill="none" stroke="#ffdca0" stroke-width="1.8" opacity="0.4"/>`,
      )
      for (const k of [2, 9, 16, 22]) {
        const [ux, uy] = upper[k] ?? [0, 0]
        const [lx, ly] = lower[k] ?? [0, 0]
        parts.push(
          `<circle cx="${n(ux + (lx - ux) * 0.78)}" cy="${n(uy + (ly - uy) * 0.78)}" r="3.4" fill="#4a240c"/><circle cx="${n(ux + (lx - ux) * 0.78 - 1)}" cy="${n(uy + (ly - uy) * 0.78 - 1)}" r="1.3" fill="#f3c58c"/>`,
        )
      }
    }
  for (const side of [-1, 1]) {
    const sheer = edge(side, 0)
      .map(([x, y]) => `${n(x)} ${n(y - 5)}`)
      .join('L')
    parts.push(
      `<path d="M${sheer}" fill="none" stroke="#5b3217" stroke-width="20" stroke-linecap="round"/><path d="M${sheer}" transform="translate(0 -5)" fill="none" stroke="#f2c084" stroke-width="5" stroke-linecap="round" opacity="0.85"/>`,
    )
  }
  parts.push(
    `<path d="M580 40Q600 22 620 40L616 716Q600 752 584 716Z" fill="url(#stem)"/><path d="M592 48L590 704" stroke="#ffe0ae" stroke-width="3" opacity="0.6"/><path d="M470 744H730L760 792H440Z" fill="#2c180c"/><path d="M470 744H730" stroke="#a9713d" stroke-width="4"/>`,
  )
  parts.push(`<rect y="520" width="${W}" height="280" fill="url(#floor)"/>`)
  return landscape(defs, parts)
}
