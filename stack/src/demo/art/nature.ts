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
  ridgeLine,
  W,
} from './kit.ts'

/** Layered blue ridges under a pale orange sky, with a lit hut. */
export function ridge(): string {
  const random = createRandom(2846)
  const layers = 7
  const defs = [
    linear('sky', [
      [0, '#38507f'],
      [0.26, '#8791b4'],
      [0.5, '#eeb79a'],
      [0.68, '#fbd9ae'],
      [1, '#fdeccb'],
    ]),
    radial('sun', [
      [0, '#fffaf0', 1],
      [0.16, '#fff1cf', 0.95],
      [0.2, '#ffe2a8', 0.55],
      [1, '#ffd29a', 0],
    ]),
    blur('soft', 14),
  ]
  const parts = [
    `<rect width="${W}" height="${H}" fill="url(#sky)"/>`,
    `<circle cx="790" cy="352" r="330" fill="url(#sun)"/>`,
  ]
  for (let i = 0; i < 5; i += 1) {
    const y = 90 + i * 46 + between(random, -12, 12)
    const x = between(random, 0, 900)
    parts.push(
      `<ellipse cx="${n(x)}" cy="${n(y)}" rx="${n(between(random, 160, 380))}" ry="${n(between(random, 4, 11))}" fill="#ffe3c4" opacity="0.35" filter="url(#soft)"/>`,
    )
  }
  for (let i = 0; i < layers; i += 1) {
    const depth = i / (layers - 1)
    const colour = mix('#aebbe6', '#0e2450', depth ** 0.72)
    const foot = mix('#f9cfae', '#2f62a8', depth)
    const y = 356 + 350 * depth ** 1.15
    const line = ridgeLine(random, { width: W, y, rough: 52 + 30 * depth, steps: 8, decay: 0.58 })
    defs.push(
      linear(`r${i}`, [
        [0, colour],
        [0.35, mix(colour, foot, 0.35)],
        [1, mix(foot, '#f6d9c2', 0.25 * (1 - depth))],
      ]),
    )
    const shape: Point[] = [...line, [W, H], [0, H]]
    parts.push(`<path d="${polygon(shape)}" fill="url(#r${i})"/>`)
    const rim = line.map(([x, yy]) => `${n(x)} ${n(yy)}`).join('L')
    parts.push(
      `<path d="M${rim}" fill="none" stroke="#ffe9cd" stroke-width="${n(1.6 - depth)}" opacity="${n(0.7 - 0.5 * depth)}"/>`,
    )
    if (i < layers - 1)
      parts.push(
        `<ellipse cx="${n(between(random, 200, 1000))}" cy="${n(y + 74)}" rx="700" ry="26" fill="#fbe3cc" opacity="${n(0.42 - 0.3 * depth)}" filter="url(#soft)"/>`,
      )
    if (i === layers - 1) {
      const spot = line[Math.round(line.length * 0.3)] ?? [260, y]
      const [x, yy] = spot
      parts.push(
        `<g transform="translate(${n(x)} ${n(yy + 3)})"><path d="M-17 0V-15L0 -29L17 -15V0Z" fill="#08142c"/><path d="M-21 -12L0 -31L21 -12" stroke="#e9b98f" stroke-width="2.4" fill="none"/><rect x="-5" y="-13" width="9" height="8" fill="#ffd47a"/><circle cx="0" cy="-9" r="26" fill="#ffc766" opacity="0.22" filter="url(#soft)"/></g>`,
      )
    }
  }
  for (const [x, y, s] of [
    [520, 196, 1],
    [560, 178, 0.8],
    [590, 206, 0.7],
    [640, 184, 0.55],
  ] as const)
    parts.push(
      `<path transform="translate(${x} ${y}) scale(${s})" d="M-13 -3Q-6 -9 0 0Q6 -9 13 -3" stroke="#2b3a5e" stroke-width="2.4" fill="none" stroke-linecap="round"/>`,
    )
  return landscape(defs, parts)
}

function hexagon(cx: number, cy: number, r: number): Point[] {
  return Array.from({ length: 6 }, (_, i): Point => {
    const angle = (Math.PI / 3) * i + Math.PI / 6
    return [cx + r * Math.cos(angle), cy + r * Math.sin(angle)]
  })
}

function bee(x: number, y: number, turn: number, s: number): string {
  return `<g transform="translate(${n(x)} ${n(y)}) rotate(${turn}) scale(${s})">
<ellipse cx="3" cy="14" rx="40" ry="24" fill="#2a1203" opacity="0.45" filter="url(#shade)"/>
<path d="M2 -8C-30 -60 -62 -44 -46 -16C-36 -2 -12 0 2 -2Z" fill="#fff6df" opacity="0.72"/><path d="M2 8C-30 60 -62 44 -46 16C-36 2 -12 0 2 2Z" fill="#fff6df" opacity="0.6"/>
<ellipse cx="-24" cy="0" rx="30" ry="17" fill="url(#bee)"/><path d="M-40 -14Q-34 0 -40 14M-28 -17Q-21 0 -28 17M-14 -16Q-8 0 -14 16" stroke="#2b1606" stroke-width="6.5" fill="none"/>
<circle cx="10" cy="0" r="15" fill="#6b3d0c"/><circle cx="8" cy="-3" r="10" fill="#a8691d" opacity="0.7"/><circle cx="29" cy="0" r="9.5" fill="#231205"/><path d="M35 -4Q46 -10 50 -18M35 4Q46 10 50 18" stroke="#231205" stroke-width="2.4" fill="none" stroke-linecap="round"/></g>`
}

/** A honeycomb filling with gold from the top. */
export function honey(): string {
  const random = createRandom(77)
  const defs = [
    linear('wax', [
      [0, '#8a4a0c'],
      [0.5, '#5c2c08'],
      [1, '#2c1305'],
    ]),
    radial(
      'light',
      [
        [0, '#ffdf8a', 0.75],
        [0.6, '#ff9d1e', 0.16],
        [1, '#ff9d1e', 0],
      ],
      [0.5, 0.5, 0.5],
    ),
    linear('bee', [
      [0, '#ffd45c'],
      [1, '#d98310'],
    ]),
    radial(
      'dusk',
      [
        [0, '#1a0902', 0],
        [0.62, '#1a0902', 0],
        [1, '#140601', 0.72],
      ],
      [0.5, 0.34, 0.78],
    ),
    blur('shade', 5),
    blur('far', 40),
  ]
  const parts = [`<rect width="${W}" height="${H}" fill="url(#wax)"/>`]
  const r = 56
  const dx = r * Math.sqrt(3)
  let id = 0
  for (let row = -1; row < 11; row += 1)
    for (let column = -1; column < 14; column += 1) {
      const cx = column * dx + (row % 2 === 0 ? 0 : dx / 2)
      const cy = row * r * 1.5 + 10
      const level = 1.12 - cy / 720 + between(random, -0.28, 0.28) - Math.abs(cx - 560) / 3600
      id += 1
      const inner = hexagon(cx, cy, r - 6)
      const warm = between(random, 0, 1)
      if (level > 0.92) {
        defs.push(
          radial(
            `c${id}`,
            [
              [0, mix('#fff0c4', '#ffe09a', warm)],
              [0.7, mix('#f6cf7d', '#eeb755', warm)],
              [1, '#c98a2b'],
            ],
            [0.38, 0.3, 0.8],
          ),
        )
        parts.push(`<path d="${polygon(inner)}" fill="url(#c${id})"/>`)
        for (let i = 0; i < 4; i += 1) {
          const px = cx + between(random, -26, 26)
          const py = cy + between(random, -26, 26)
          parts.push(
            `<path d="M${n(px - 9)} ${n(py)}q9 ${n(between(random, -7, 7))} 18 0" stroke="#fff7dd" stroke-width="2" fill="none" opacity="0.5"/>`,
          )
        }
      } else if (level > 0.3) {
        defs.push(
          radial(
            `c${id}`,
            [
              [0, mix('#ffd75e', '#ffc233', warm)],
              [0.5, mix('#f5a317', '#e98a0c', warm)],
              [1, '#8f4506'],
            ],
            [0.42, 0.36, 0.72],
          ),
        )
        parts.push(`<path d="${polygon(inner)}" fill="url(#c${id})"/>`)
        parts.push(
          `<path d="M${n(cx - 27)} ${n(cy - 12)}Q${n(cx - 22)} ${n(cy - 32)} ${n(cx + 2)} ${n(cy - 35)}" stroke="#fff3c2" stroke-width="5" stroke-linecap="round" fill="none" opacity="0.8"/><circle cx="${n(cx + 20)}" cy="${n(cy + 22)}" r="4" fill="#ffe9a6" opacity="0.55"/>`,
        )
      } else {
        defs.push(
          linear(`c${id}`, [
            [0, '#1d0c03'],
            [0.55, '#3a1c07'],
            [1, mix('#7a430f', '#9a5713', warm)],
          ]),
        )
        parts.push(`<path d="${polygon(inner)}" fill="url(#c${id})"/>`)
        const pool = Math.max(0, level + 0.12)
        if (pool > 0.1)
          parts.push(
            `<ellipse cx="${n(cx)}" cy="${n(cy + 18)}" rx="${n(30 * (0.6 + pool))}" ry="${n(22 * (0.5 + pool))}" fill="#e2890f" opacity="0.85"/><ellipse cx="${n(cx - 8)}" cy="${n(cy + 11)}" rx="9" ry="3.5" fill="#ffd98a" opacity="0.7"/>`,
          )
      }
      parts.push(
        `<path d="${polygon(hexagon(cx, cy, r - 5))}" fill="none" stroke="#e8a83e" stroke-width="3.4" opacity="${n(Math.max(0.28, Math.min(0.95, 1 - cy / 900)))}"/><path d="${polygon(hexagon(cx + 1.5, cy + 2.5, r - 9))}" fill="none" stroke="#301303" stroke-width="3" opacity="0.4"/>`,
      )
    }
  parts.push(`<ellipse cx="470" cy="60" rx="640" ry="420" fill="url(#light)"/>`)
  parts.push(`<rect width="${W}" height="${H}" fill="url(#dusk)"/>`)
  parts.push(bee(842, 300, 24, 1.35), bee(330, 520, -38, 1.2), bee(968, 560, 150, 1.1))
  return landscape(defs, parts)
}

/** Rain on a window at night with soft lights behind, and a cat on the sill. */
export function rain(): string {
  const random = createRandom(1240)
  const lights = [
    '#ffb457',
    '#ff7e5f',
    '#ffd98c',
    '#58c4c0',
    '#6a8dff',
    '#f45b7a',
    '#ffe8bd',
  ] as const
  const defs = [
    linear('night', [
      [0, '#0b1230'],
      [0.5, '#1a2450'],
      [0.8, '#3a2f5c'],
      [1, '#5b3a58'],
    ]),
    radial('drop', [
      [0, '#eaf3ff', 0.1],
      [0.72, '#cfe0ff', 0.34],
      [0.9, '#ffffff', 0.75],
      [1, '#ffffff', 0.1],
    ]),
    linear('trail', [
      [0, '#dfeaff', 0],
      [1, '#dfeaff', 0.34],
    ]),
    linear('frame', [
      [0, '#0a0d1d'],
      [1, '#151326'],
    ]),
    linear(
      'rim',
      [
        [0, '#ffd9a0', 0.85],
        [1, '#7fa6ff', 0.2],
      ],
      [1, 0, 0, 1],
    ),
    blur('b6', 6),
    blur('b14', 14),
    blur('b40', 46),
  ]
  const parts = [`<rect width="${W}" height="${H}" fill="url(#night)"/>`]
  for (const [x, y, colour] of [
    [260, 560, '#ff8a4c'],
    [900, 470, '#4b6bff'],
    [640, 620, '#e8597f'],
    [1080, 620, '#ffb257'],
  ] as const)
    parts.push(
      `<circle cx="${x}" cy="${y}" r="190" fill="${colour}" opacity="0.33" filter="url(#b40)"/>`,
    )
  for (let i = 0; i < 66; i += 1) {
    const y = 250 + 400 * random() ** 0.7
    const r = between(random, 10, 46) * (0.6 + y / 1200)
    const colour = lights[Math.floor(random() * lights.length)] ?? '#ffb457'
    const x = between(random, -20, W + 20)
    parts.push(
      `<circle cx="${n(x)}" cy="${n(y)}" r="${n(r)}" fill="${colour}" opacity="${n(between(random, 0.14, 0.5))}" filter="url(#b6)"/><circle cx="${n(x)}" cy="${n(y)}" r="${n(r)}" fill="none" stroke="${colour}" stroke-width="2" opacity="0.3"/>`,
    )
  }
  for (let i = 0; i < 26; i += 1) {
    const x = between(random, 0, W)
    const end = between(random, 200, 660)
    const length = between(random, 80, 330)
    parts.push(
      `<rect x="${n(x)}" y="${n(end - length)}" width="${n(between(random, 3, 7))}" height="${n(length)}" rx="3" fill="url(#trail)"/>`,
    )
    const r = between(random, 7, 13)
    parts.push(
      `<ellipse cx="${n(x + 2)}" cy="${n(end)}" rx="${n(r)}" ry="${n(r * 1.3)}" fill="url(#drop)"/><ellipse cx="${n(x - r / 3)}" cy="${n(end - r / 2)}" rx="2.4" ry="3.4" fill="#fff" opacity="0.9"/>`,
    )
  }
  for (let i = 0; i < 330; i += 1) {
    const r = 1.5 + 7 * random() ** 3
    const x = between(random, 0, W)
    const y = between(random, 0, 700)
    parts.push(
      `<ellipse cx="${n(x)}" cy="${n(y)}" rx="${n(r)}" ry="${n(r * 1.15)}" fill="url(#drop)"/>`,
    )
    if (r > 3.4)
      parts.push(
        `<circle cx="${n(x - r / 3)}" cy="${n(y - r / 3)}" r="${n(r / 4)}" fill="#fff" opacity="0.85"/>`,
      )
  }
  parts.push(
    `<rect x="586" width="26" height="700" fill="url(#frame)"/><rect x="609" width="3" height="690" fill="#ffcf9a" opacity="0.22"/><rect width="${W}" height="34" fill="url(#frame)"/><rect width="30" height="${H}" fill="url(#frame)"/><rect x="1170" width="30" height="${H}" fill="url(#frame)"/>`,
  )
  const cat =
    'M0 0C-16 -66 8 -112 30 -138C26 -160 24 -186 28 -206L52 -184C64 -189 80 -189 92 -184L114 -208C120 -186 119 -160 114 -142C146 -116 158 -58 148 0Z'
  const tail = 'M132 -8C190 -4 216 -24 210 -56C206 -74 186 -72 186 -56'
  parts.push(
    `<g transform="translate(792 698) scale(1.28)"><path d="${tail}" fill="none" stroke="#080a17" stroke-width="17" stroke-linecap="round"/><path d="${cat}" fill="#080a17"/><path d="${cat}" fill="none" stroke="url(#rim)" stroke-width="2.6" opacity="0.8"/></g>`,
  )
  parts.push(
    `<rect y="690" width="${W}" height="110" fill="url(#frame)"/><rect y="690" width="${W}" height="5" fill="#ffcf9a" opacity="0.28"/>`,
  )
  return landscape(defs, parts)
}
