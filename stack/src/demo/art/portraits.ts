import { blur, linear, mix, n, polygon, radial, svg } from './kit.ts'

const SIZE = 256

interface Look {
  /** Light and deep colour of the ground. */
  ground: readonly [string, string]
  skin: string
  cloth: string
  /** Shapes from back to front: ground, behind the head, on the face, over everything. */
  behind?: string
  hair?: string
  front?: string
  back: string
  collar?: string
  eyes?: 'open' | 'closed' | 'none'
  lips?: string
}

function face({ skin, eyes = 'open', lips }: Look): string {
  const shade = mix(skin, '#3a1230', 0.24)
  const deep = mix(skin, '#2a0d20', 0.72)
  const eye =
    eyes === 'none'
      ? ''
      : eyes === 'closed'
        ? `<path d="M103 115q8 6 16 0M138 115q8 6 16 0" stroke="${deep}" stroke-width="3.4" fill="none" stroke-linecap="round"/>`
        : `<ellipse cx="111" cy="114" rx="4" ry="5" fill="${deep}"/><ellipse cx="146" cy="114" rx="4" ry="5" fill="${deep}"/>`
  return `<path d="M111 146h35v34q-17 16 -35 0z" fill="${shade}"/><path d="M111 158q18 16 35 0v-4h-35z" fill="${mix(shade, '#2a0d20', 0.25)}" opacity="0.6"/>
<ellipse cx="83" cy="118" rx="9" ry="13" fill="${skin}"/><ellipse cx="173" cy="118" rx="9" ry="13" fill="${shade}"/>
<path d="M84 104C84 64 172 64 172 104C172 142 154 170 128 170C102 170 84 142 84 104Z" fill="${skin}"/>
<path d="M130 73C160 74 172 86 172 104C172 142 154 170 128 170C134 160 135 148 131 139L141 132C136 120 132 112 133 100Z" fill="${shade}"/>
<circle cx="102" cy="132" r="10" fill="#ff5a4f" opacity="0.16"/><circle cx="154" cy="132" r="9" fill="#ff5a4f" opacity="0.14"/>${eye}
<path d="M116 149q12 8 23 0" stroke="${lips ?? deep}" stroke-width="3.6" fill="none" stroke-linecap="round"/>`
}

function portrait(look: Look): string {
  const { ground, cloth, behind = '', hair = '', front = '', back, collar = '' } = look
  const defs = [
    linear(
      'g',
      [
        [0, ground[0]],
        [1, ground[1]],
      ],
      [0.1, 0, 0.8, 1],
    ),
    radial(
      'glow',
      [
        [0, '#ffffff', 0.34],
        [1, '#ffffff', 0],
      ],
      [0.3, 0.2, 0.7],
    ),
    linear(
      'cloth',
      [
        [0, mix(cloth, '#ffffff', 0.14)],
        [1, mix(cloth, '#140a28', 0.38)],
      ],
      [0.1, 0, 0.9, 1],
    ),
    blur('b4', 4),
    blur('b10', 10),
  ]
  const shoulders = 'M34 262C36 214 66 190 104 180Q128 192 152 180C190 190 220 214 222 262Z'
  return svg(
    SIZE,
    SIZE,
    defs.join(''),
    `<rect width="256" height="256" fill="url(#g)"/><rect width="256" height="256" fill="url(#glow)"/>${back}${behind}<path d="${shoulders}" fill="url(#cloth)"/>${face(look)}${collar}${hair}${front}`,
  )
}

function hexagons(colour: string): string {
  const cells: string[] = []
  for (let row = 0; row < 7; row += 1)
    for (let column = 0; column < 6; column += 1) {
      const cx = column * 52 + (row % 2) * 26
      const cy = row * 45
      const points = Array.from(
        { length: 6 },
        (_, i) =>
          [
            cx + 27 * Math.cos(Math.PI / 6 + (i * Math.PI) / 3),
            cy + 27 * Math.sin(Math.PI / 6 + (i * Math.PI) / 3),
          ] as const,
      )
      cells.push(
        `<path d="${polygon(points)}" fill="${colour}" fill-opacity="${n(0.1 * ((row * 5 + column * 3) % 5))}" stroke="${colour}" stroke-width="3" stroke-opacity="0.55"/>`,
      )
    }
  return cells.join('')
}

const curls = (points: readonly (readonly [number, number, number])[], colour: string) =>
  points.map(([x, y, r]) => `<circle cx="${x}" cy="${y}" r="${r}" fill="${colour}"/>`).join('')

/** Twelve people, each told apart at 32 pixels by outline and colour. */
export const PORTRAITS: Record<string, () => string> = {
  mira: () =>
    portrait({
      ground: ['#ffd15c', '#ef8f1c'],
      skin: '#d99a6c',
      cloth: '#fff3d6',
      back: hexagons('#b85f0a'),
      behind: '<path d="M72 96C60 150 62 186 82 200H174C194 186 196 150 184 96Z" fill="#5b2a12"/>',
      hair: '<path d="M84 108C86 84 104 76 128 76C152 76 170 84 172 108C160 92 150 88 128 88C106 88 96 92 84 108Z" fill="#5b2a12"/>',
      front:
        '<path d="M30 92C60 66 196 66 226 92C236 102 196 110 128 110C60 110 20 102 30 92Z" fill="#fff6dd"/><path d="M78 82C78 30 178 30 178 82Q128 98 78 82Z" fill="#fffaf0"/><path d="M77 78Q128 94 179 78L180 90Q128 106 76 90Z" fill="#2c1a10"/><path d="M132 42C170 44 178 66 178 82Q156 90 140 90C148 72 146 54 132 42Z" fill="#e6d3a8" opacity="0.6"/><path d="M42 104C40 170 70 196 80 204H176C186 196 216 170 214 104Q128 122 42 104Z" fill="#3a2a1a" opacity="0.13"/><g transform="translate(206 62) rotate(-24)"><ellipse cx="-2" cy="-11" rx="8" ry="11" fill="#fff" opacity="0.85"/><ellipse cx="10" cy="-10" rx="7" ry="9" fill="#fff" opacity="0.7"/><ellipse rx="16" ry="10" fill="#2c1a10"/><path d="M-8 -8v16M0 -10v20M8 -8v16" stroke="#ffc83a" stroke-width="4"/></g>',
    }),
  theo: () =>
    portrait({
      ground: ['#ffcaa0', '#6fa3b8'],
      skin: '#f0c3a0',
      cloth: '#d9532f',
      back: '<circle cx="186" cy="70" r="30" fill="#fff3d9"/><path d="M-10 190L52 92L96 150L150 74L270 200V260H-10Z" fill="#4b7f98"/><path d="M52 92L70 122L56 130L42 116ZM150 74L172 104L154 116L134 100Z" fill="#eef6f7"/><path d="M-10 220L70 150L140 210L210 140L270 200V260H-10Z" fill="#2b5871"/>',
      hair: '<path d="M82 112C82 172 104 196 128 196C152 196 174 172 174 112C172 132 160 138 146 136Q128 130 110 136C96 138 84 132 82 112Z" fill="#9c4a1c"/><path d="M128 131Q146 130 152 137C166 138 173 128 174 112C174 172 152 196 128 196C140 180 142 158 128 140Z" fill="#74330f"/><path d="M114 149q14 8 28 0q-14 14 -28 0z" fill="#f7d9c6"/>',
      front:
        '<path d="M78 96C74 32 182 32 178 96Q128 80 78 96Z" fill="#1d4f63"/><path d="M74 84Q128 66 182 84V104Q128 86 74 104Z" fill="#f2b632"/><circle cx="128" cy="42" r="14" fill="#f2b632"/><path d="M96 78V48M112 74V40M144 74V40M160 78V48" stroke="#123a4a" stroke-width="3" opacity="0.55"/>',
      collar: '<path d="M92 184Q128 212 164 184L172 200Q128 232 84 200Z" fill="#f2e6cf"/>',
    }),
  ines: () =>
    portrait({
      ground: ['#ff9d88', '#d6375e'],
      skin: '#e8b48f',
      cloth: '#23264d',
      back: '<g stroke="#fff" stroke-width="3" stroke-opacity="0.55" fill="#fff"><path d="M30 60L84 26M84 26L214 48M214 48L232 128M30 60L24 146M232 128L206 196M24 146L44 206" fill="none"/><circle cx="30" cy="60" r="9"/><circle cx="84" cy="26" r="7"/><circle cx="214" cy="48" r="9"/><circle cx="232" cy="128" r="7"/><circle cx="24" cy="146" r="7"/></g>',
      behind: curls(
        [
          [74, 92, 30],
          [182, 92, 30],
          [66, 128, 28],
          [190, 128, 28],
          [74, 162, 24],
          [182, 162, 24],
          [100, 62, 32],
          [156, 62, 32],
          [128, 54, 32],
        ],
        '#2c1420',
      ),
      hair: curls(
        [
          [92, 82, 17],
          [112, 74, 17],
          [134, 73, 17],
          [154, 79, 16],
          [168, 92, 11],
          [86, 96, 10],
        ],
        '#3d1c2b',
      ),
      front:
        '<g fill="#fff" fill-opacity="0.18" stroke="#1b1d3d" stroke-width="4.5"><circle cx="110" cy="115" r="17"/><circle cx="147" cy="115" r="17"/></g><path d="M127 113q2 -3 4 0M93 112L84 108M164 112L172 108" stroke="#1b1d3d" stroke-width="4.5" fill="none"/>',
      lips: '#a8243f',
    }),
  kofi: () =>
    portrait({
      ground: ['#ffe36b', '#f2a01d'],
      skin: '#6f4128',
      cloth: '#0f8b6d',
      eyes: 'none',
      back: '<circle cx="128" cy="120" r="104" fill="#fff6c8" opacity="0.55"/><g stroke="#e8731a" stroke-width="8" stroke-linecap="round" opacity="0.85"><path d="M128 4V-10M44 36L34 26M212 36L222 26M10 120H-4M246 120H262"/></g>',
      hair: '<path d="M82 106C74 44 182 44 174 106C168 84 158 80 128 80C98 80 88 84 82 106Z" fill="#1c100c"/><path d="M104 156C112 178 144 178 152 156C148 166 140 168 128 168C116 168 108 166 104 156Z" fill="#1c100c"/>',
      front:
        '<rect x="74" y="90" width="112" height="54" rx="12" fill="#20242e"/><rect x="74" y="90" width="112" height="15" rx="7" fill="#39404f"/><rect x="92" y="80" width="30" height="14" rx="4" fill="#20242e"/><rect x="156" y="84" width="18" height="9" rx="4" fill="#e2522b"/><circle cx="130" cy="119" r="29" fill="#11141b"/><circle cx="130" cy="119" r="23" fill="#2c3d68"/><circle cx="130" cy="119" r="15" fill="#0c1330"/><circle cx="122" cy="111" r="7" fill="#bfe0ff" opacity="0.9"/><circle cx="138" cy="127" r="3.5" fill="#ff9d5c" opacity="0.9"/><path d="M66 150C64 122 70 112 84 114L96 140C92 154 78 160 66 150ZM190 150C192 122 186 112 176 114L166 138C172 154 182 160 190 150Z" fill="#7d4b2f"/>',
      collar: '<path d="M104 182L128 210L152 182L164 190L128 236L92 190Z" fill="#f6d24a"/>',
    }),
  yuki: () =>
    portrait({
      ground: ['#f5efe4', '#d9e2ea'],
      skin: '#f6d8c2',
      cloth: '#2a55a8',
      eyes: 'closed',
      back: '<circle cx="128" cy="104" r="86" fill="#e5402f"/><circle cx="128" cy="104" r="86" fill="url(#glow)"/>',
      behind:
        '<path d="M68 190V100C68 44 188 44 188 100V190Q176 200 164 190V110H92V190Q80 200 68 190Z" fill="#16151f"/>',
      hair: '<path d="M78 118C76 60 180 60 178 118L172 105Q128 99 84 105Z" fill="#1b1a26"/><path d="M96 72Q120 58 150 68" stroke="#4a4b68" stroke-width="5" fill="none" stroke-linecap="round" opacity="0.9"/>',
      front: '',
      collar:
        '<path d="M100 182L134 226L122 262H96Z" fill="#f4ead6"/><path d="M156 182L118 232L132 262H160Z" fill="#1c3f86"/><path d="M156 182L118 232" stroke="#f4ead6" stroke-width="7"/>',
      lips: '#c8384a',
    }),
  omar: () =>
    portrait({
      ground: ['#8a3a1f', '#3a1410'],
      skin: '#c98a5c',
      cloth: '#f7efe2',
      back: '<path d="M22 260V128C22 40 234 40 234 128V260Z" fill="#ffb03a"/><path d="M42 260V136C42 62 214 62 214 136V260Z" fill="#ff7a1f"/><path d="M62 260V146C62 86 194 86 194 146V260Z" fill="#ffd873" opacity="0.8"/><g stroke="#5a2013" stroke-width="4" opacity="0.6"><path d="M22 128L42 136M40 84L58 98M84 54L94 72M128 44V62M172 54L162 72M216 84L198 98M234 128L214 136"/></g>',
      hair: '<path d="M82 108C80 170 104 190 128 190C152 190 176 170 174 108C170 130 158 140 146 138Q128 133 110 138C98 140 86 130 82 108Z" fill="#1d1412"/><path d="M108 138Q128 128 148 138Q138 146 128 143Q118 146 108 138Z" fill="#34231d"/><path d="M116 150q12 8 23 0q-12 12 -23 0z" fill="#e7b08a"/>',
      front:
        '<path d="M82 88C50 84 52 36 88 42C96 14 160 14 168 42C204 36 206 84 174 88Z" fill="#fffaf2"/><path d="M82 82H174V100Q128 88 82 100Z" fill="#e9dcc8"/><path d="M104 78C100 62 104 54 108 48M152 78C156 62 152 54 148 48M128 78V52" stroke="#d9c7ac" stroke-width="3.4" fill="none" stroke-linecap="round"/><path d="M96 100q12 -7 22 0M138 100q12 -7 22 0" stroke="#1d1412" stroke-width="5" fill="none" stroke-linecap="round"/>',
      collar: '<path d="M96 184Q128 206 160 184L168 200Q128 230 88 200Z" fill="#d94a2b"/>',
    }),
  lena: () =>
    portrait({
      ground: ['#a9d8a2', '#2e7d63'],
      skin: '#f4cfb4',
      cloth: '#7a2748',
      back: '<g opacity="0.9"><rect x="8" y="20" width="20" height="86" rx="3" fill="#f2c14e"/><rect x="30" y="34" width="15" height="72" rx="3" fill="#e4572e"/><rect x="47" y="26" width="22" height="80" rx="3" fill="#f3ead8"/><rect x="188" y="26" width="18" height="80" rx="3" fill="#274c77"/><rect x="208" y="38" width="22" height="68" rx="3" fill="#f3ead8"/><rect x="232" y="22" width="18" height="84" rx="3" fill="#e4572e"/><path d="M0 106H256V114H0Z" fill="#1f5a48"/></g>',
      behind:
        '<circle cx="128" cy="44" r="30" fill="#c65a1e"/><path d="M104 40Q128 22 152 44" stroke="#e88a45" stroke-width="5" fill="none"/><path d="M78 122C70 60 186 60 178 122L172 140H84Z" fill="#c65a1e"/>',
      hair: '<path d="M82 118C76 66 128 66 140 72C168 74 178 96 174 118C168 100 150 96 136 84C120 98 92 96 82 118Z" fill="#d96b27"/>',
      front:
        '<g fill="#fff" fill-opacity="0.25" stroke="#f7d354" stroke-width="4"><rect x="94" y="104" width="31" height="23" rx="10"/><rect x="132" y="104" width="31" height="23" rx="10"/></g><path d="M125 112h7" stroke="#f7d354" stroke-width="4"/><path d="M52 218L128 234L204 218V262H52Z" fill="#fbf3e2"/><path d="M128 234V262" stroke="#7a2748" stroke-width="4"/><path d="M66 232L116 243M140 243L190 232M66 246L116 256M140 256L190 246" stroke="#b9a78c" stroke-width="3.4"/>',
      lips: '#b23a48',
    }),
  ravi: () =>
    portrait({
      ground: ['#6d5bf0', '#b23bd0'],
      skin: '#a9714a',
      cloth: '#ffd23f',
      back: '<g fill="#fff" fill-opacity="0.3"><rect x="14" y="120" width="22" height="140" rx="8"/><rect x="42" y="70" width="22" height="190" rx="8" fill="#ffd23f" fill-opacity="0.95"/><rect x="192" y="100" width="22" height="160" rx="8"/><rect x="220" y="48" width="22" height="210" rx="8"/></g>',
      hair: '<path d="M82 104C82 82 92 78 128 78C164 78 174 82 174 104L168 92H88Z" fill="#17121c"/><path d="M101 143Q114 133 128 140Q142 133 155 143Q142 149 128 145Q114 149 101 143Z" fill="#17121c"/>',
      front:
        '<path d="M74 94C68 24 188 24 182 94Q128 78 74 94Z" fill="#12c2a9"/><path d="M100 84C96 58 104 42 112 34M128 80V32M156 84C160 58 152 42 144 34" stroke="#0b6f66" stroke-width="8" fill="none" stroke-linecap="round"/><path d="M70 92Q128 70 186 92L188 102Q128 82 68 102Z" fill="#0b4f5c"/><path d="M88 108L104 168M168 108L152 168" stroke="#0b4f5c" stroke-width="4" opacity="0.9"/><path d="M104 168Q128 178 152 168" stroke="#0b4f5c" stroke-width="5" fill="none"/>',
      collar: '<path d="M128 188V262" stroke="#e88a1a" stroke-width="5"/>',
    }),
  sofia: () =>
    portrait({
      ground: ['#8e1f3f', '#2c0b24'],
      skin: '#eebf9d',
      cloth: '#16101d',
      eyes: 'closed',
      back: '<g stroke="#f6c9a0" stroke-opacity="0.3" stroke-width="2.6" fill="none"><path d="M-10 66Q128 26 266 66M-10 82Q128 42 266 82M-10 98Q128 58 266 98M-10 114Q128 74 266 114M-10 130Q128 90 266 130"/></g><g fill="#f6c9a0"><ellipse cx="36" cy="92" rx="10" ry="7.5" transform="rotate(-20 36 92)"/><path d="M43 90V50h3V90z"/><ellipse cx="218" cy="84" rx="10" ry="7.5" transform="rotate(-20 218 84)"/><path d="M225 82V42h3V82z"/></g>',
      behind:
        '<path d="M74 100C70 48 186 48 182 100C186 150 208 190 196 236C176 250 160 226 164 190H92C96 226 80 250 60 236C48 190 70 150 74 100Z" fill="#26120f"/><path d="M80 130C76 170 62 200 70 230" stroke="#5a2d20" stroke-width="5" fill="none"/>',
      hair: '<path d="M81 118C79 66 110 62 128 68C146 62 177 66 175 118C168 98 146 96 128 82C110 96 88 98 81 118Z" fill="#331813"/>',
      front:
        '<path d="M186 40L178 262H206L196 40Z" fill="#5a2510"/><path d="M182 96C196 92 200 96 200 100" stroke="#e0903f" stroke-width="3" fill="none"/><circle cx="191" cy="30" r="13" fill="none" stroke="#a8551d" stroke-width="7"/><path d="M188 52L184 262M195 52L199 262" stroke="#f4d7a4" stroke-width="1.6"/><path d="M148 250C148 222 168 214 192 214C216 214 238 222 238 250V262H148Z" fill="#b8601f"/><path d="M176 236q-8 8 2 20M208 236q8 8 -2 20" stroke="#3f1607" stroke-width="4" fill="none" stroke-linecap="round"/>',
      lips: '#c22f45',
    }),
  bram: () =>
    portrait({
      ground: ['#9fd3e6', '#1f5f8b'],
      skin: '#e9b894',
      cloth: '#12355b',
      back: '<circle cx="58" cy="58" r="24" fill="#fff3c9"/><path d="M196 150V46C226 70 238 110 240 150Z" fill="#fff8ea"/><path d="M190 150V62C170 84 164 120 162 150Z" fill="#f3dfc0"/><path d="M-4 156Q30 146 64 156T132 156T200 156T268 156V262H-4Z" fill="#17517a"/><path d="M-4 176Q30 166 64 176T132 176T200 176T268 176" stroke="#7fc0dc" stroke-width="4" fill="none" opacity="0.6"/>',
      hair: '<path d="M80 112C78 186 108 214 128 214C148 214 178 186 176 112C172 134 158 140 146 137Q128 131 110 137C98 140 84 134 80 112Z" fill="#e9e3d8"/><path d="M128 132Q146 131 152 138C166 138 174 130 176 112C178 186 148 214 128 214C140 196 142 164 128 142Z" fill="#c6c1b8"/><path d="M116 150q12 8 23 0q-12 11 -23 0z" fill="#d98f7c"/><path d="M98 102q12 -7 22 -1M137 101q12 -6 22 1" stroke="#dcd5c8" stroke-width="6" fill="none" stroke-linecap="round"/>',
      front:
        '<path d="M78 88C76 40 180 40 178 88Q128 74 78 88Z" fill="#17293f"/><path d="M74 82Q128 66 182 82V96Q128 82 74 96Z" fill="#0e1b2b"/><path d="M70 98Q128 78 172 92Q150 104 116 104Q90 106 70 98Z" fill="#0a1420"/><circle cx="128" cy="66" r="8" fill="#e2a33b"/>',
      collar: '<path d="M60 222H196M48 240H208" stroke="#f3ead8" stroke-width="7"/>',
    }),
  ada: () =>
    portrait({
      ground: ['#7c5cff', '#29156b'],
      skin: '#8a5536',
      cloth: '#ff5e7a',
      back: '<g fill="none" stroke="#d9ceff" stroke-opacity="0.32" stroke-width="3"><circle cx="128" cy="112" r="100"/><circle cx="128" cy="112" r="116"/></g>',
      behind: curls(
        [
          [128, 62, 50],
          [84, 80, 40],
          [172, 80, 40],
          [70, 116, 32],
          [186, 116, 32],
          [100, 50, 34],
          [156, 50, 34],
          [78, 146, 20],
          [178, 146, 20],
        ],
        '#150b1c',
      ),
      hair: '<path d="M82 108C84 78 104 74 128 74C152 74 172 78 174 108C164 92 150 86 128 86C106 86 92 92 82 108Z" fill="#150b1c"/><path d="M80 92Q128 62 176 92L173 80Q128 48 83 80Z" fill="#ffc53d"/>',
      front:
        '<g fill="none" stroke="#ffd35c" stroke-width="5"><circle cx="76" cy="146" r="10"/><path d="M76 156V186M76 174h9M76 184h9" stroke-linecap="round"/></g><g fill="none" stroke="#ffd35c" stroke-width="5"><circle cx="180" cy="146" r="10"/><path d="M180 156V186M180 174h9M180 184h9" stroke-linecap="round"/></g>',
      collar: '<path d="M100 182Q128 214 156 182" stroke="#ffd35c" stroke-width="6" fill="none"/>',
      lips: '#7a1f3a',
    }),
  juno: () => {
    const defs = [
      linear('g', [
        [0, '#16324f'],
        [1, '#3c7a89'],
      ]),
      radial('moon', [
        [0, '#fff8dc'],
        [1, '#ffd98f'],
      ]),
      linear('fur', [
        [0, '#2b2438'],
        [1, '#0f0c18'],
      ]),
      radial('iris', [
        [0, '#fff48a'],
        [0.6, '#b9e24a'],
        [1, '#4c9a4a'],
      ]),
    ]
    const drops = [
      [24, 40],
      [60, 96],
      [214, 60],
      [232, 128],
      [36, 156],
      [198, 24],
      [92, 26],
      [14, 100],
    ]
      .map(
        ([x = 0, y = 0]) =>
          `<path d="M${x} ${y}q9 14 0 20q-9 -6 0 -20z" fill="#cdeaf2" opacity="0.75"/>`,
      )
      .join('')
    const head =
      'M56 216C44 176 46 146 56 126L48 58Q50 50 58 54L100 88Q128 80 156 88L198 54Q206 50 208 58L200 126C210 146 212 176 200 216L214 262H42Z'
    return svg(
      SIZE,
      SIZE,
      defs.join(''),
      `<rect width="256" height="256" fill="url(#g)"/><circle cx="150" cy="92" r="84" fill="url(#moon)"/>${drops}<path d="${head}" fill="url(#fur)"/><path d="M62 74L90 98L66 116ZM194 74L166 98L190 116Z" fill="#e98fa2" opacity="0.9"/><path d="${head}" fill="none" stroke="#ffe2a8" stroke-width="3" opacity="0.5"/>
<g><ellipse cx="96" cy="146" rx="22" ry="20" fill="url(#iris)"/><ellipse cx="160" cy="146" rx="22" ry="20" fill="url(#iris)"/><ellipse cx="97" cy="146" rx="6.5" ry="17" fill="#0b0912"/><ellipse cx="159" cy="146" rx="6.5" ry="17" fill="#0b0912"/><circle cx="103" cy="138" r="5" fill="#fff"/><circle cx="166" cy="138" r="5" fill="#fff"/></g>
<path d="M119 175h18l-9 10z" fill="#e98fa2"/><path d="M128 185v7q-10 10 -20 3M128 192q10 10 20 3" stroke="#8d7f9c" stroke-width="3.4" fill="none" stroke-linecap="round"/><path d="M84 178L34 170M84 188L36 194M172 178L222 170M172 188L220 194" stroke="#d9d2e2" stroke-width="2.6" opacity="0.75" stroke-linecap="round"/>
<path d="M50 128C22 124 18 184 46 190M206 128C234 124 238 184 210 190" fill="none" stroke="#ff6f59" stroke-width="15" stroke-linecap="round"/><path d="M46 130C50 20 206 20 210 130" fill="none" stroke="#ff8f6b" stroke-width="8"/>`,
    )
  },
}
