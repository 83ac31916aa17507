import { describe, expect, it } from 'vitest'
import { parseOptions } from './options.ts'

const repository = '/repository'
const parse = (args: string[], env = {}) => parseOptions(args, { repository, env })

describe('parseOptions', () => {
  it('starts everything on the known ports, in the repository, when nothing is said', () => {
    const o = parse([])
    expect(o).toMatchObject({ dataDir: '/repository/.data', empty: false, network: 'local' })
    expect(o.ports).toMatchObject({ web: 3000, homeserver: 6286, relay: 15_411, postgres: 0 })
  })

  it('takes the folder of the switch, then of the environment, relative to where the person is', () => {
    const env = { PUBKY_DATA: '/b', INIT_CWD: '/home/me' }
    expect(parse(['--data', 'a'], env).dataDir).toBe('/home/me/a')
    expect(parse([], env).dataDir).toBe('/b')
  })

  it('takes ports, services to leave out, and the network', () => {
    const o = parse('--port web=1 --port nexus=2 --without web --network mainnet'.split(' '))
    expect([o.ports.web, o.ports.nexus, o.ports.admin]).toEqual([1, 2, 6288])
    expect([...o.without, o.network]).toEqual(['web', 'mainnet'])
  })

  it.each([
    ['--port', 'webb=1'],
    ['--port', 'web=70000'],
    ['--port', 'web'],
    ['--port', 'constructor=1'],
    ['--without', 'everything'],
    ['--network', 'testnet'],
    ['--nonsense'],
    ['stray'],
  ])('refuses %s %s in one sentence', (...args) => {
    expect(() => parse(args)).toThrow(expect.objectContaining({ code: 'unknown_option' }))
  })
})
